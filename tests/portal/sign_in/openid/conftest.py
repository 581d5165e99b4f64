"""A running portal whose people may sign in with a running provider."""

from typing import Any

import pytest
from django.test import Client as Browser

from tests.portal.sign_in.openid.support import (
    IdentityProvider,
    Traveller,
    Walker,
    configure,
    entry,
    identity_provider,  # noqa: F401 -- a fixture
)


@pytest.fixture
def portal(live_server: Any, transactional_db: None, settings: Any) -> str:
    """The portal's address, which it also believes to be its public one."""
    settings.BASE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return str(live_server.url)


@pytest.fixture
def provider(
    portal: str,
    settings: Any,
    identity_provider: IdentityProvider,  # noqa: F811
) -> IdentityProvider:
    """The provider, configured as "Utility Login", where ana has an account."""
    identity_provider.arrange(portal)
    configure(settings, entry(identity_provider.url))
    return identity_provider


@pytest.fixture
def walker(portal: str) -> Walker:
    """Somebody with an empty cookie jar."""
    return Walker(portal)


@pytest.fixture
def utility_login(
    db: None,
    settings: Any,
    identity_provider: IdentityProvider,  # noqa: F811
) -> IdentityProvider:
    """The same provider for the test client, whose portal is http://testserver."""
    identity_provider.arrange("http://testserver")
    configure(settings, entry(identity_provider.url))
    return identity_provider


@pytest.fixture
def traveller() -> Traveller:
    """Somebody with a new browser."""
    return Traveller(Browser())
