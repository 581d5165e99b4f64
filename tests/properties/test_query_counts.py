"""A page of a listing costs the same number of queries whatever its length."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from consent.catalogue.selection import SelectionType
from consent.models import Receipt
from customerdata.access.compute import compute_grant
from portal.values import jsontext
from registration.models import Client
from registration.models.files import ServerProvidedFile
from tests.consent.pages.world import MERGED, answer, form_url, make_world
from tests.customerdata.api.listing import EVERYTHING
from tests.customerdata.api.segments_world import grant_over, series_of, usage, write
from tests.factories.consent import GrantFactory, ReceiptFactory, admin_token_for, token_for
from tests.factories.customerdata import (
    AccountFactory,
    AccountHolderFactory,
    Household,
    Service,
    bill_entry,
    chosen,
    contract_entry,
    make_grant,
)
from tests.factories.registration import (
    ClientFactory,
    CoverageEntryFactory,
    CredentialFactory,
    MessageFactory,
)
from tests.properties.listings import listing_views
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db

FILES, GRANT_ADMIN = "cds_server_provided_files_1", "cds_grant_admin_1"


def admin_client() -> Client:
    """Make a party; its own Grant is its token's."""
    return ClientFactory.create(admin=True)


def clients(count: int) -> str:
    """Make Clients of the caller's registration, the caller being one."""
    admin = admin_client()
    ClientFactory.create_batch(count - 1, registration=admin.registration, consent=True)
    return admin_token_for(admin)


def credentials(count: int) -> str:
    """Make Credentials of different Clients."""
    admin = admin_client()
    for _ in range(count):
        CredentialFactory.create(client=ClientFactory.create(registration=admin.registration))
    return admin_token_for(admin)


def messages(count: int) -> str:
    """Fill each of the three lists with Messages that answer others."""
    admin = admin_client()
    lists = (
        {"type": "server_request", "status": "open", "read": True},
        {"read": False},
        {"read": True},
    )
    for values in lists:
        for _ in range(count):
            first = MessageFactory.create(registration=admin.registration, **values)
            MessageFactory.create(registration=admin.registration, previous=first, **values)
    return admin_token_for(admin)


def grants(count: int) -> str:
    """Make Grants with a parent and a receipt each, half of them parents themselves."""
    admin = admin_client()
    parent = None
    for _ in range(count - 1):
        own = ClientFactory.create(registration=admin.registration, consent=True)
        parent = GrantFactory.create(client=own, parent=parent)
        ReceiptFactory.create(grant=parent)
    return admin_token_for(admin)


def files(count: int) -> str:
    """Make files that one Grant lists, and a token of the Client that may read them."""
    reader = ClientFactory.create(scopes=[GRANT_ADMIN])
    holder = ClientFactory.create(registration=reader.registration, scopes=[FILES])
    made = [
        ServerProvidedFile.objects.create(
            registration=reader.registration,
            name=f"{number}.pdf",
            mime_type="application/pdf",
            size=1,
            sha256="0" * 64,
            content="unread",
        )
        for number in range(count)
    ]
    entries = [{"type": FILES, "file_id": file.file_id} for file in made]
    grant = GrantFactory.create(
        client=holder, user=None, scope=FILES, authorization_details=entries
    )
    return token_for(grant, client=reader)


def coverage(count: int) -> str:
    """Make coverage entries; the token is not looked at."""
    CoverageEntryFactory.create_batch(count)
    return admin_token_for(admin_client())


def structure(count: int) -> str:
    """Make accounts with a contract, a service point and a meter each, all in one Grant."""
    home = Household(services=0)
    for _ in range(count):
        account = AccountFactory.create(customer=home.customer)
        AccountHolderFactory.create(account=account, user=home.user)
        home.services.append(Service(home.customer, account))
    entry = contract_entry(*EVERYTHING)
    grant = make_grant(home.user, (entry, chosen(*home.contract_ids(*range(count)))))
    compute_grant(grant)
    return token_for(grant)


def segments(count: int) -> str:
    """Make a segment of each of several contracts."""
    home = Household(services=count)
    for service in home.services:
        write(series_of(service), [1, 2, 3])
    return token_for(grant_over(home, usage()))


def bills(count: int) -> str:
    """Make bill statements with a file and a section each, all in one Grant."""
    home = Household()
    for number in range(count):
        home.add_bill(date(2015, 1, 1) + timedelta(days=31 * number))
    entry = bill_entry(
        "include_accounts",
        "include_bill_statements",
        "include_bill_statement_files",
        "include_bill_statement_charges",
        "include_bill_section_line_items",
        "include_service_contracts",
    )
    choice = chosen(home.account.cds_account_id, selection_type=SelectionType.ACCOUNT.value)
    grant = make_grant(home.user, (entry, choice))
    compute_grant(grant)
    return token_for(grant)


_ADMIN, _DATA = "/cds-api/v1/", "/cds-customerdata-api/v1/"
# Per listing what makes so many objects and returns a token that sees exactly those.
LISTINGS: dict[str, Callable[[int], str]] = {
    f"{_ADMIN}clients": clients,
    f"{_ADMIN}credentials": credentials,
    f"{_ADMIN}messages": messages,
    f"{_ADMIN}grants": grants,
    f"{_ADMIN}server-provided-files": files,
    "/cds/coverage": coverage,
    f"{_DATA}accounts": structure,
    f"{_DATA}service-contracts": structure,
    f"{_DATA}service-points": structure,
    f"{_DATA}meter-devices": structure,
    f"{_DATA}bill-statements": bills,
    f"{_DATA}bill-sections": bills,
    f"{_DATA}usage-segments": segments,
}


def test_every_listing_is_measured():
    """Who adds a listing adds it here."""
    assert set(LISTINGS) == set(listing_views())


def measure(path: str, token: str) -> tuple[int, set[int]]:
    """Return how many queries a page costs, and how long its lists are."""
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    api.get(path)  # what is kept per process, such as the offers, is read by the first one
    with CaptureQueriesContext(connection) as captured:
        answer = api.get(path)
        body = jsontext.loads(answer.getvalue())
    assert answer.status_code == 200, body
    return len(captured), {len(rows) for rows in body.values() if isinstance(rows, list)}


@pytest.mark.parametrize("path", LISTINGS)
def test_a_page_costs_the_same_for_1_and_100_objects(path):
    """Measured with a real token, so that authentication counts as well."""
    offer_demo_scopes()
    few, few_rows = measure(path, LISTINGS[path](1))
    many, many_rows = measure(path, LISTINGS[path](100))
    assert max(few_rows) < 10
    assert min(many_rows) == 100
    assert many == few


def test_the_page_of_a_customers_consents_costs_the_same(monkeypatch):
    """The listing that people read."""
    world = make_world(monkeypatch)
    world.browser.post(form_url(world.ask(details=MERGED)), answer("sc_222222"))
    shared = Receipt.objects.get()

    def queries(rows: int) -> int:
        world.browser.get("/sharing/")
        with CaptureQueriesContext(connection) as captured:
            page = world.browser.get("/sharing/").content.decode()
        assert page.count("<h3>Acme Energy Auditors") == rows
        return len(captured)

    one = queries(1)
    for _ in range(99):
        grant = GrantFactory.create(client=shared.grant.client, user=world.alice)
        ReceiptFactory.create(grant=grant, snapshot=shared.snapshot)
    assert queries(100) == one
