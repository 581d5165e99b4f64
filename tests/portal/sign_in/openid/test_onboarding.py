"""`sso_verification` with a provider, the whole way over HTTP (CDS-WG1-02 3.6)."""

from urllib.parse import urlsplit

import pytest

from portal.models import User
from registration.models.onboarding import Requirement
from tests.portal.sign_in.openid.support import ANA
from tests.registration.onboarding_support import (
    offer_with,
    path_of,
    production,
    register,
    requirement,
    statuses,
)

BO = {"email": "bo@example.com", "verified": True}


@pytest.fixture
def step(db):
    """A registration that waits for its customer."""
    offer_with("customer_sign_in")
    return requirement(register(), "customer_sign_in")


@pytest.mark.django_db(transaction=True)
def test_from_the_link_to_production(provider, walker, step):
    """The person comes back to the page, says that it is them, and the scope is released."""
    path = urlsplit(step.message.related_uri).path
    walker.go(path)
    assert walker.buttons() == ["Continue with Utility Login"]
    walker.press("Continue with Utility Login").leave().sign_in_there()
    assert walker.back() == path
    assert "You are signed in as Ana Example" in walker.words
    assert statuses(step) == []
    walker.press("Link my account to Solar Helper")
    assert "This is done" in walker.words
    assert statuses(step) == ["pending", "complete"]
    linked = requirement(step.registration, "customer_sign_in")
    assert linked.customer == User.objects.get(email="ana@example.com")
    assert len(production(step.registration)) == 1


@pytest.mark.django_db
def test_as_somebody_else(utility_login, traveller, step):
    """Signed in as ana; "use another account" makes the provider ask, and bo is asked by us."""
    utility_login.arrange("http://testserver", ANA, BO)
    path = path_of(step)
    traveller.sign_in(next=path)
    assert "Ana Example" in traveller.browser.get(path).content.decode()
    traveller.browser.post(path, {"switch": "1"})
    way = traveller.begin(next=path)
    assert "prompt=login" in way
    traveller.there.cookies.clear()
    assert traveller.arrive(traveller.visit(way, BO["email"]))["Location"] == path
    page = traveller.browser.get(path).content.decode()
    assert "You are signed in as bo@example.com" in page
    assert statuses(step) == []
    assert Requirement.objects.get(pk=step.pk).customer is None


@pytest.mark.django_db
def test_what_went_wrong_leads_back_to_the_step(utility_login, traveller, step):
    """The link survives an error of the provider."""
    path = path_of(step)
    url = traveller.visit(traveller.begin(next=path))
    utility_login.spoil("wrong_nonce")
    answer = traveller.arrive(url)
    assert answer.status_code == 502
    assert f"next={path.replace('/', '%2F')}" in answer.content.decode().replace("%3A", ":")
    utility_login.spoil("")
    assert traveller.sign_in(next=path)["Location"] == path
    assert statuses(step) == []
