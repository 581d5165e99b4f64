"""The company's logo on the form: our own copy, from our own address (CDS-WG3-01 9.2.1.2)."""

from typing import Any

import pytest
from django.core.files.base import ContentFile

from registration.fields.files import as_png
from registration.models import Client
from registration.models.onboarding import ClientLogo
from registration.services.clients.create_production import create_production_client
from tests.consent.pages.world import World, form_url
from tests.registration.onboarding_support import picture

LINK = "https://acme.example.com/logo.png"


@pytest.fixture
def world(world: World) -> World:
    """A company that names a logo."""
    world.client.logo_uri = LINK
    world.client.save()
    return world


def keep_logo(client: Client) -> ClientLogo:
    """Store our drawing, as fetching it does."""
    logo = ClientLogo(client=client, source_uri=LINK)
    logo.image.save("logo", ContentFile(as_png(picture(), longest_side=64)), save=False)
    logo.save()
    return logo


def form(world: World) -> Any:
    """Return the form as alice's browser gets it."""
    return world.browser.get(form_url(world.ask()))


def test_the_form_shows_our_copy(world):
    """The browser asks this server for it, which may say so in its policy: nobody else is asked."""
    logo = keep_logo(world.client)
    response = form(world)
    page = response.content.decode()
    path = f"/onboarding/logos/{logo.token}.png"
    assert f'<img class="logo-tile" src="{path}" alt="">' in page
    assert "acme.example.com/logo" not in page
    (images,) = [
        part.split()[1:]
        for part in response["Content-Security-Policy"].split(";")
        if part.split()[0] == "img-src"
    ]
    assert images == ["'self'", "data:"]
    assert world.browser.get(path)["Content-Type"] == "image/png"


def test_before_it_was_fetched_there_is_a_letter(world):
    """Nor is the picture of an earlier link shown."""
    page = form(world).content.decode()
    assert '<span class="logo-tile" aria-hidden="true">A</span>' in page
    assert '<img class="logo-tile"' not in page
    keep_logo(world.client)
    Client.objects.filter(pk=world.client.pk).update(logo_uri="https://acme.example.com/new.png")
    assert '<img class="logo-tile"' not in form(world).content.decode()


def test_a_lost_picture_stops_nothing(world):
    """The production Client is made without; the picture is fetched anew."""
    logo = keep_logo(world.client)
    logo.image.storage.delete(str(logo.image.name))
    made = create_production_client(sandbox=world.client, scopes=world.client.scopes, by="system")
    assert not ClientLogo.objects.filter(client=made).exists()


def test_a_production_client_begins_with_the_picture_that_staff_saw(world):
    """Not with whatever stands under the link by then."""
    logo = keep_logo(world.client)
    made = create_production_client(sandbox=world.client, scopes=world.client.scopes, by="system")
    copy = ClientLogo.objects.get(client=made)
    assert copy.token != logo.token
    assert copy.image.read() == logo.image.read()
