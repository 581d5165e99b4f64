"""A request that wants a new sign-in has the provider ask, from the click that begins it."""

import pytest
from django.conf import settings

from tests.consent.oauth.support import CALLBACK, make_party
from tests.consent.pages.world import form_url
from tests.factories.consent import AuthorizationRequestFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("prompt", "is_asked"), [("login", True), (None, False)])
def test_prompt_login_asks_the_provider(utility_login, traveller, prompt, is_asked):
    """Its session must not answer for the person; looking at the form stores nothing yet."""
    client = make_party().app
    asked = AuthorizationRequestFactory.create(
        client=client, params={"prompt": prompt, "redirect_uri": CALLBACK}
    )
    asked.opened = asked.created
    asked.save()
    traveller.browser.get(form_url(asked))
    assert settings.SESSION_COOKIE_NAME not in traveller.browser.cookies
    way = traveller.begin(next=form_url(asked))
    assert ("prompt=login" in way) is is_asked
    assert ("sign_in_afresh" in traveller.browser.session) is is_asked
