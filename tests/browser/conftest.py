"""A running portal, a company's website and a customer's browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client as Session
from playwright.sync_api import Browser, BrowserContext

from customerdata.demo.people import PASSWORD, person
from tests.browser.callback import CallbackSite, callback_site
from tests.browser.visitor import Visitor
from tests.browser.world import Cast, make_cast

NewVisitor = Callable[..., Visitor]


@pytest.fixture
def portal(live_server: Any, transactional_db: None, settings: Any) -> str:
    """The portal's address, which it also believes to be its public one."""
    settings.BASE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return str(live_server.url)


@pytest.fixture(scope="session")
def acme_site() -> Iterator[CallbackSite]:
    """The third party's website."""
    with callback_site() as site:
        yield site


@pytest.fixture
def cast(portal: str, acme_site: CallbackSite) -> Cast:
    """The people, the offers and the company that asks."""
    return make_cast(acme_site.redirect_uri)


@pytest.fixture
def new_visitor(portal: str, browser: Browser) -> Iterator[NewVisitor]:
    """Open a window of its own; everything noticed in it fails the test at its end."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def open_window(
        *, width: int = 1280, script: bool = True, beside: Visitor | None = None
    ) -> Visitor:
        if beside:
            visitors.append(Visitor(beside.page.context.new_page(), portal, script))
            return visitors[-1]
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            java_script_enabled=script,
            locale="en-US",
            # Colours that fade while axe measures them would be neither the old nor the new ones.
            reduced_motion="reduce",
        )
        contexts.append(context)
        visitors.append(Visitor(context.new_page(), portal, script))
        return visitors[-1]

    yield open_window
    for visitor in visitors:
        visitor.settle()
    for context in contexts:
        context.close()


@pytest.fixture
def visitor(new_visitor: NewVisitor) -> Visitor:
    """A desktop browser, not signed in."""
    return new_visitor()


@pytest.fixture
def signed_in(portal: str) -> Callable[[Visitor, str], Visitor]:
    """Put a login's session into a browser, for tests that are not about signing in."""

    def enter(visitor: Visitor, login: str) -> Visitor:
        session = Session()
        session.force_login(person(login))
        value = session.cookies[django_settings.SESSION_COOKIE_NAME].value
        visitor.page.context.add_cookies(
            [{"name": django_settings.SESSION_COOKIE_NAME, "value": value, "url": portal}]
        )
        return visitor

    return enter


@pytest.fixture
def password() -> str:
    """The password of all logins."""
    return PASSWORD
