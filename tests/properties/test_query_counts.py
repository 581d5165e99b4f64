"""A page of a listing costs the same number of queries whatever its length."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from registration.models import Client
from tests.factories.consent import GrantFactory, ReceiptFactory, admin_token_for
from tests.factories.registration import (
    ClientFactory,
    CoverageEntryFactory,
    CredentialFactory,
    MessageFactory,
)
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db


def clients(admin: Client, count: int) -> None:
    """Make Clients of the caller's registration."""
    ClientFactory.create_batch(count, registration=admin.registration, consent=True)


def credentials(admin: Client, count: int) -> None:
    """Make Credentials of different Clients."""
    for _ in range(count):
        own = ClientFactory.create(registration=admin.registration)
        CredentialFactory.create(client=own)


def messages(admin: Client, count: int) -> None:
    """Make Messages, each an answer to another."""
    for _ in range(count):
        first = MessageFactory.create(registration=admin.registration)
        MessageFactory.create(registration=admin.registration, previous=first)


def grants(admin: Client, count: int) -> None:
    """Make Grants with a parent and a receipt each."""
    for _ in range(count):
        own = ClientFactory.create(registration=admin.registration, consent=True)
        parent = GrantFactory.create(client=own)
        ReceiptFactory.create(grant=GrantFactory.create(client=own, parent=parent))


def coverage(admin: Client, count: int) -> None:
    """Make coverage entries."""
    CoverageEntryFactory.create_batch(count)


LISTINGS: dict[str, Callable[[Client, int], None]] = {
    "/cds-api/v1/clients": clients,
    "/cds-api/v1/credentials": credentials,
    "/cds-api/v1/messages": messages,
    "/cds-api/v1/grants": grants,
    "/cds/coverage": coverage,
}


@pytest.mark.parametrize("path", LISTINGS)
def test_a_page_costs_the_same_for_1_and_100_objects(path):
    """Measured with a real token, so that authentication counts as well."""
    offer_demo_scopes()
    admin = ClientFactory.create(admin=True)
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {admin_token_for(admin)}")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(path).status_code == 200
        return len(captured)

    LISTINGS[path](admin, 1)
    queries()  # what is kept per process, such as the offers, is read by the first one
    one = queries()
    LISTINGS[path](admin, 99)
    assert queries() == one
