"""Error pages and the pages around a consent: calm, readable, examined in every width."""

import re

import pytest
from playwright.sync_api import expect

from tests.consent.oauth.support import authorize_url

pytestmark = pytest.mark.browser

AROUND = (
    "/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/docs/",
    "/docs/quickstart/",
    "/docs/registration/",
    "/docs/test-accounts/",
    "/docs/support/",
    "/terms/",
    "/docs/scopes/cds_usage/",
)


@pytest.mark.parametrize("width", [320, 1280])
def test_pages_around_a_consent(cast, new_visitor, width) -> None:
    """Home, sign-up and documentation on a phone and on a desk."""
    visitor = new_visitor(width=width)
    for path in AROUND:
        visitor.go(path)
        expect(visitor.page.get_by_role("heading", level=1)).to_have_count(1)
        visitor.look()


@pytest.mark.parametrize("width", [320, 1280])
def test_links_that_are_not_valid(cast, new_visitor, acme_site, width) -> None:
    """Without a proven way back the customer stays here and learns whom to tell."""
    visitor = new_visitor(width=width)
    wrong = (
        "/oauth/authorize?response_type=code&client_id=nobody",
        authorize_url(cast.app, redirect_uri="https://elsewhere.example.com/", scope="cds_usage"),
    )
    for path in wrong:
        visitor.go(path)
        visitor.sees("The link that brought you here is not valid")
        expect(visitor.page.get_by_text("Nothing was shared")).to_be_visible()
        visitor.look()
    expect(visitor.page.get_by_text(re.compile("^Please tell the website or app"))).to_be_visible()
    visitor.go("/no/such/page/")
    visitor.sees("Page not found")
    visitor.look()


def test_a_proven_way_back_is_used(cast, visitor, acme_site) -> None:
    """With a registered address the company hears of its mistake, not the customer."""
    visitor.go(cast.ask(scope="cds_unknown"))
    visitor.sees("Welcome back to Acme")
    assert "error=invalid_scope" in visitor.page.url


def test_long_lists_of_what_was_asked_for(cast, new_visitor, signed_in) -> None:
    """Eighty numbers on a phone without script: the last ones open on demand."""
    cast.home("ana")
    visitor = signed_in(new_visitor(width=320, script=False), "ana")
    entry = {
        "type": "cds_usage",
        "contract_numbers": ["222222", *(f"9999{n}" for n in range(79))],
        "service_types": ["natural_gas"],
        "error_if_no_preselections": True,
    }
    visitor.go(cast.ask(entry))
    visitor.sees("Your account does not have what Acme Energy Auditors asks for")
    expect(visitor.page.get_by_text("99995,")).to_be_visible()
    expect(visitor.page.get_by_text("999978")).to_be_hidden()
    visitor.page.get_by_text("Show 29 more").click()
    expect(visitor.page.get_by_text("999978")).to_be_visible()
    expect(visitor.page.get_by_text("Services with these numbers: 222222")).to_be_visible()
    visitor.look()


@pytest.mark.spec("WG3-01 7.4.3 d")
@pytest.mark.parametrize("width", [320, 1280])
def test_preselection_of_somebody_elses_service(cast, new_visitor, signed_in, width) -> None:
    """The page names what was asked for; the customer changes the account or declines."""
    cast.home("ana")
    visitor = signed_in(new_visitor(width=width), "ana")
    entry = {
        "type": "cds_usage",
        "contract_numbers": ["999999"],
        "error_if_no_preselections": True,
    }
    visitor.go(cast.ask(entry))
    visitor.sees("Your account does not have what Acme Energy Auditors asks for")
    expect(visitor.page.get_by_text("999999")).to_be_visible()
    visitor.look()
    visitor.page.get_by_role("main").get_by_role("button", name="Use another account").click()
    visitor.sees("Sign in")
    visitor.look()
    signed_in(visitor, "ana")
    visitor.page.go_back()
    visitor.press("Decline")
    visitor.sees("Welcome back to Acme")
    assert "error=no_preselections" in visitor.page.url


def test_default_redirect_says_what_became_of_the_request(cast, visitor, signed_in) -> None:
    """A company without pages of its own: declined, and failed."""
    cast.home("ana")
    default = cast.app.cds_default_redirect_uri
    signed_in(visitor, "ana").go(cast.ask(redirect_uri=default))
    visitor.look()
    visitor.press("Decline")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(re.compile("declined", re.I))
    visitor.look()
    visitor.go(cast.ask(redirect_uri=default, scope="cds_unknown"))
    expect(visitor.page.get_by_text(re.compile("Nothing was shared", re.I))).to_be_visible()
    visitor.look()


def test_a_request_that_is_over(cast, visitor, new_visitor, signed_in) -> None:
    """Unknown, another person's, answered: each says that nothing is shared and what to do."""
    cast.home("ana")
    cast.services("bo", 2)
    signed_in(visitor, "ana").go("/oauth/authorize/ar_unknown/")
    visitor.sees("We can't find this request")
    visitor.look()
    visitor.go(cast.ask())
    visitor.look()
    other = signed_in(new_visitor(width=320), "bo")
    other.go(visitor.page.url)
    other.sees("This request waits for another account")
    other.look()
    form = visitor.page.url
    visitor.press("Decline")
    visitor.sees("Welcome back to Acme")
    visitor.go(form)
    visitor.sees("You have answered this request")
    visitor.look()


def test_production_companies_meet_no_test_customers(cast, visitor, signed_in) -> None:
    """An account of the other environment has nothing to choose from, and is told so."""
    cast.home("gil", is_test=False)
    signed_in(visitor, "gil").go(cast.ask())
    visitor.sees("This account cannot answer the request")
    visitor.look()
    visitor.press("Decline")
    visitor.sees("Welcome back to Acme")
