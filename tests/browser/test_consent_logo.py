"""The company's logo in a real browser: seen, and asked of nobody but us."""

from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import expect

from registration.fields.files import as_png
from registration.models.onboarding import ClientLogo
from tests.browser.visitor import ASKS
from tests.registration.onboarding_support import picture

pytestmark = pytest.mark.browser


def test_the_logo_comes_from_us(cast, visitor, signed_in, portal) -> None:
    """It is drawn, and no request leaves for the company's host."""
    cast.home("ana")
    cast.app.logo_uri = "https://acme.example.com/logo.png"
    cast.app.save()
    logo = ClientLogo(client=cast.app, source_uri=cast.app.logo_uri)
    logo.image.save("logo", ContentFile(as_png(picture(), longest_side=64)), save=False)
    logo.save()
    asked: set[str] = set()
    visitor.page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    signed_in(visitor, "ana").go(cast.ask())
    visitor.sees(ASKS)
    image = visitor.page.locator("img.logo-tile")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") > 0
    assert asked - {""} == {urlsplit(portal).netloc}
    visitor.look()
