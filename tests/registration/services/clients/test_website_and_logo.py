"""Websites and logos of Clients: looked at through the guard, kept as our own copy."""

from dataclasses import replace

import pytest
from django.test import Client as Browser
from PIL import Image

from portal.models import OutboxEntry
from registration.fields.files import as_png
from registration.models import Client
from registration.models.onboarding import ClientLogo
from registration.services.clients.update import update_client
from registration.services.clients.website_and_logo import (
    check_website,
    fetch_logo,
    logo_url,
)
from registration.services.onboarding.decide import approve_requirement
from registration.services.onboarding.steps import confirm_code, send_code
from tests.portal.fetching.test_safe_fetch import PUBLIC, Server, Wires, answer
from tests.registration.onboarding_support import (
    mailed_code,
    offer_with,
    picture,
    register,
    requirement,
    stored_files,
)

pytestmark = pytest.mark.django_db


def consent_client(**fields):
    """Register and return the consent Client."""
    offer_with()
    registration = register(**fields)
    return Client.objects.get(registration=registration, response_types=["code"])


def verify(registration):
    """Enter the code that went to the first contact."""
    found = requirement(registration, "email_verification")
    send_code(requirement=found, language="en", by="link:x")
    confirm_code(requirement=found, code=mailed_code(), by="link:x")


def verified_client(**fields):
    """Register, verify the contact address and return the consent Client."""
    offer_with("email_verification", "terms_form")
    registration = register(**fields)
    verify(registration)
    return Client.objects.get(registration=registration, response_types=["code"])


def wires(*answers, **names):
    """A network with one server."""
    return Wires(Server(*answers), **names)


def test_checks_are_promised_not_done():
    """A registration does not wait for a stranger's server."""
    consent_client(client_uri="https://solar.example/", logo_uri="https://solar.example/logo.png")
    tasks = set(OutboxEntry.objects.values_list("task", flat=True))
    assert {"registration.tasks.check_website", "registration.tasks.fetch_logo"} <= tasks


def test_a_website_is_confirmed():
    """It answers, and the contact's verified mail has its domain."""
    client = verified_client(client_uri="https://www.solar.example/")
    net = wires(answer(), www_solar_example=[PUBLIC])
    assert check_website(client_id=client.client_id, network=net.network)
    client.refresh_from_db()
    assert client.website_confirmed is not None


@pytest.mark.parametrize(
    ("uri", "answers"),
    [
        ("https://other.example/", [answer()]),
        ("https://solar.example.evil.example/", [answer()]),
        ("https://solar.example/", [answer(b"", "404 Not Found")]),
        ("https://solar.example/", [answer(b"", "302 Found", "Location: https://other.example/")]),
        ("https://solar.example/", []),
    ],
)
def test_a_website_is_not_confirmed(uri, answers):
    """Another domain, an error, somewhere else, or nothing."""
    client = verified_client(client_uri=uri)
    names = {"solar_example": [PUBLIC], "solar_example_evil_example": [PUBLIC]}
    net = wires(*answers, answer(), **names) if answers else Wires()
    assert not check_website(client_id=client.client_id, network=net.network)
    client.refresh_from_db()
    assert client.website_confirmed is None


def test_an_address_that_nobody_verified_confirms_nothing():
    """Anybody can write any address; staff who let a company in another way have not seen it."""
    offer_with("email_verification", "terms_form")
    registration = register(client_uri="https://solar.example/")
    client = Client.objects.get(registration=registration, response_types=["code"])
    net = wires(answer(), answer(), solar_example=[PUBLIC])
    assert not check_website(client_id=client.client_id, network=net.network)
    found = requirement(registration, "email_verification")
    approve_requirement(requirement=found, note="By phone.", by="staff")
    assert not check_website(client_id=client.client_id, network=net.network)
    assert net.connected == []


def test_a_mail_provider_is_nobodys_website():
    """Its address is verified, but everybody can have one."""
    client = verified_client(client_uri="https://gmx.net/", contacts=["dev@gmx.net"])
    net = wires(answer(), gmx_net=[PUBLIC])
    assert not check_website(client_id=client.client_id, network=net.network)


def test_a_verified_address_that_is_no_contact_any_more_confirms_nothing():
    """And what it had confirmed is open again."""
    client = verified_client(client_uri="https://solar.example/")
    net = wires(answer(), answer(), solar_example=[PUBLIC])
    assert check_website(client_id=client.client_id, network=net.network)
    wish = {"client_uri": client.client_uri, "contacts": ["else@solar.example"]}
    update_client(client=client, payload=wish, by="dev")
    assert not check_website(client_id=client.client_id, network=net.network)
    client.refresh_from_db()
    assert client.website_confirmed is None


def test_a_verified_address_has_the_website_looked_at_again():
    """The first look came before the code."""
    offer_with("email_verification", "terms_form")
    registration = register(client_uri="https://solar.example/")
    checks = OutboxEntry.objects.filter(task="registration.tasks.check_website")
    before = checks.count()
    verify(registration)
    assert checks.count() == before + 1


def test_a_logo_is_drawn_anew():
    """What we serve is our PNG: small, without what came along in the file."""
    client = consent_client(logo_uri="https://solar.example/logo.jpg")
    assert logo_url(client) == ""
    original = picture("JPEG", (900, 300)) + b"<script>alert(1)</script>"
    net = wires(answer(original), solar_example=[PUBLIC])
    assert fetch_logo(client_id=client.client_id, network=net.network)
    url = logo_url(client)
    assert "logo.jpg" not in url
    served = Browser().get(url.removeprefix("http://testserver"))
    content = served.content
    assert served["Content-Type"] == "image/png"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert b"script" not in content
    with Image.open(ClientLogo.objects.get().image) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (256, 85))


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"", b"\x89PNG\r\n\x1a\n"]
)
def test_other_files_are_no_logos(content):
    """No SVG: it is a document with scripts."""
    client = consent_client(logo_uri="https://solar.example/logo.svg")
    net = wires(answer(content), solar_example=[PUBLIC])
    assert not fetch_logo(client_id=client.client_id, network=net.network)
    assert not ClientLogo.objects.exists()
    with pytest.raises(ValueError, match="PNG or JPEG"):
        as_png(content, longest_side=10)


def test_a_logo_inside_our_network_is_not_fetched():
    """The guard's refusal is an outcome, not an error that is tried again."""
    client = consent_client(logo_uri="https://solar.example/logo.png")
    net = Wires(solar_example=["169.254.169.254"])
    assert not fetch_logo(client_id=client.client_id, network=net.network)
    assert net.connected == []


def test_a_picture_is_fetched_once_for_each_link():
    """What staff saw in the review must not change behind an unchanged link."""
    client = consent_client(logo_uri="https://solar.example/logo.png")
    fetch_logo(
        client_id=client.client_id,
        network=wires(answer(picture()), solar_example=[PUBLIC]).network,
    )
    url = logo_url(client)
    again = wires(answer(picture(size=(9, 9))), solar_example=[PUBLIC])
    assert not fetch_logo(client_id=client.client_id, network=again.network)
    assert (again.connected, logo_url(client)) == ([], url)


def test_two_fetches_at_once_keep_the_first_picture():
    """Work may be taken over from a slow process, which then comes second."""
    client = consent_client(logo_uri="https://solar.example/logo.png")
    first = wires(answer(picture()), solar_example=[PUBLIC])
    late = wires(answer(picture(size=(9, 9))), solar_example=[PUBLIC])
    urls = []

    def connect(*where):
        fetch_logo(client_id=client.client_id, network=first.network)
        urls.append(logo_url(client))
        return late.network.connect(*where)

    fetch_logo(client_id=client.client_id, network=replace(late.network, connect=connect))
    assert [logo_url(client)] == urls


def test_the_picture_of_another_link_takes_no_room(settings, django_capture_on_commit_callbacks):
    """A Client may change its link as often as it likes, and no limit counts pictures."""
    client = consent_client(logo_uri="https://solar.example/0.png")
    for number in range(3):
        Client.objects.filter(pk=client.pk).update(logo_uri=f"https://solar.example/{number}.png")
        net = wires(answer(picture()), solar_example=[PUBLIC])
        with django_capture_on_commit_callbacks(execute=True):
            assert fetch_logo(client_id=client.client_id, network=net.network)
        assert stored_files(settings) == [ClientLogo.objects.get().image.name]
    Client.objects.filter(pk=client.pk).update(logo_uri="")
    with django_capture_on_commit_callbacks(execute=True):
        fetch_logo(client_id=client.client_id)
    assert stored_files(settings) == []


def test_a_changed_link_hides_the_old_logo():
    """Until the new one is there, none is shown."""
    client = consent_client(logo_uri="https://solar.example/logo.png")
    net = wires(answer(picture()), solar_example=[PUBLIC])
    fetch_logo(client_id=client.client_id, network=net.network)
    Client.objects.filter(pk=client.pk).update(logo_uri="https://solar.example/new.png")
    client.refresh_from_db()
    assert logo_url(client) == ""
    assert Browser().get("/onboarding/logos/logo_x.png").status_code == 404
