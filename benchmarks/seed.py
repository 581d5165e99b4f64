"""Fill a fresh database for the usage listing: one customer, one Grant, contracts with
15-minute values. Called with the number of contracts, of months and of formats; values are counted
as numbers on the wire: 4 25 1 and 2 17 3 each make a page of about 300,000.

Prints one JSON line: the listing's URL path, a token, and how many values one page holds.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

import numpy as np  # noqa: E402
from dateutil.relativedelta import relativedelta  # noqa: E402
from django.db import transaction  # noqa: E402

from consent.catalogue.demo_offers import demo_offers  # noqa: E402
from consent.catalogue.details import parse_request, resolve, to_wire  # noqa: E402
from consent.services.grants.lifecycle import GrantTerms, SelectionInput, create_grant  # noqa: E402
from consent.services.tokens import TokenOwner, store_access_token  # noqa: E402
from customerdata.kinds.account import AccountState  # noqa: E402
from customerdata.kinds.service_contract import ContractState  # noqa: E402
from customerdata.models import Account, AccountHolder, ServiceContract  # noqa: E402
from customerdata.services.structure import upsert_customer, upsert_object  # noqa: E402
from customerdata.usage.series import ensure_series  # noqa: E402
from customerdata.usage.store import write_readings  # noqa: E402
from customerdata.usage_values.columns import mantissa_column  # noqa: E402
from customerdata.usage_values.formats import ElectricUsage  # noqa: E402
from portal.crypto import new_secret  # noqa: E402
from portal.models import User  # noqa: E402
from portal.values.times import format_datetime  # noqa: E402
from registration.models import Client  # noqa: E402
from registration.services.catalogue.offers import current_offers, load_offers  # noqa: E402
from registration.services.registering.register import register  # noqa: E402

ZONE = "America/Los_Angeles"
CONTRACTS, MONTHS, FORMATS = map(int, sys.argv[1:4])
DIRECTIONS = ("forward", "reverse", "net")
QUARTER = 900


def customer_with_usage(now: datetime) -> tuple[User, list[str]]:
    """Create a person with `CONTRACTS` contracts and `MONTHS` months of 15-minute values each."""
    this_month = now.astimezone(ZoneInfo(ZONE)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    begin = this_month - relativedelta(months=MONTHS)
    user = User.objects.create_user("bench@example.com", name="Bench")
    customer = upsert_customer(source_key="bench", name="Bench", is_test=True)
    since = begin.astimezone(UTC)
    account = upsert_object(
        customer=customer,
        source_key="a",
        state=AccountState(account_number="1", name="Bench", types=("residential",)),
        as_of=since,
        synced=now,
    ).object
    AccountHolder.objects.create(user=user, account=account)
    count = int((this_month.astimezone(UTC) - since) / timedelta(seconds=QUARTER))
    contracts = []
    for number in range(CONTRACTS):
        contract = upsert_object(
            customer=customer,
            source_key=f"c{number}",
            state=ContractState(
                account=account,
                contract_number=str(number),
                service_types=("electric",),
                start=begin.date(),
            ),
            as_of=since,
            synced=now,
        ).object
        contracts.append(contract.public_id)
        write_usage(account, contract, since, count, now)
    return user, contracts


def write_usage(
    account: Account, contract: ServiceContract, since: datetime, count: int, now: datetime
) -> None:
    """Store `count` quarter hours of one contract."""
    columns = [ElectricUsage(units="kWh", direction=name) for name in DIRECTIONS[:FORMATS]]
    series = ensure_series(
        customer=account.customer,
        contract=contract,
        service_point=None,
        meter=None,
        account=account,
        commodity="electric",
        interval=QUARTER,
        zone=ZONE,
        columns=columns,
    )
    random = np.random.default_rng(contract.pk)
    data = [random.integers(0, 2_000, count, dtype=np.int64) for _ in columns]
    write_readings(
        series=series,
        start=since,
        columns=[mantissa_column(c, values, 3) for c, values in zip(columns, data, strict=True)],
        as_of=since,
        synced=now,
    )


def token_for(user: User, contracts: list[str], now: datetime) -> str:
    """Grant everything to a registered Client and return a bearer token."""
    register(
        payload={"client_name": "Bench", "scope": "cds_client_admin cds_usage"}, by="command:bench"
    )
    client = Client.objects.get(scopes__contains=["cds_usage"])
    offers = {key: offer for key, offer in current_offers().items() if key == "cds_usage"}
    (access,) = parse_request(["cds_usage"], None, offers)
    details = to_wire(access.with_values(resolve(access, now=now, zone=ZoneInfo(ZONE))))
    details["segment_start"] = format_datetime(now - timedelta(days=3 * 365))
    grant = create_grant(
        client=client,
        user=user,
        terms=GrantTerms(
            authorization_details=[details],
            scope="cds_usage",
            selections=[
                SelectionInput(
                    entry=0,
                    scope_id="cds_usage",
                    selection_type="service_contract_selection",
                    object_ids=tuple(contracts),
                )
            ],
        ),
        by="command:bench",
    )
    raw = new_secret()
    store_access_token(
        owner=TokenOwner(
            client=client, credential=client.credentials.first(), grant=grant, user=user
        ),
        raw=raw,
        scope_ids=["cds_usage"],
        expires=now + timedelta(hours=6),
    )
    return raw


@transaction.atomic
def main() -> None:
    """Seed and print."""
    now = datetime.now(UTC)
    load_offers(demo_offers().values())
    user, contracts = customer_with_usage(now)
    sys.stdout.write(json.dumps({"token": token_for(user, contracts, now)}) + "\n")


main()
