"""Readings, Grants and requests for the tests of the Usage Segments listing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from rest_framework.test import APIClient

from consent.models import Grant
from customerdata.access.compute import compute_grant
from customerdata.models import UsageSeries
from customerdata.usage.series import ensure_series
from customerdata.usage.store import write_readings
from customerdata.usage_values.columns import make_column
from customerdata.usage_values.formats import ColumnFormat, ElectricUsage, IntervalCost
from tests.customerdata.api.listing import Bearer
from tests.factories.customerdata import Household, Service, chosen, make_grant, usage_entry

URL = "/cds-customerdata-api/v1/usage-segments"
LA = ZoneInfo("America/Los_Angeles")
MARCH = datetime(2025, 3, 1, tzinfo=LA).astimezone(UTC)
T1, T2, T3 = (datetime(2025, 6, day, tzinfo=UTC) for day in (1, 2, 3))
NET = ElectricUsage("kWh", "net")
COST = IntervalCost("USD", of=(NET,))
# Choice ids of the demo offers.
NET_ID, COST_ID = "electric_net_kwh", "cost_usd"
SHOWN = (
    "include_usage_segments",
    "include_accounts",
    "include_account_numbers",
    "include_service_contracts",
    "include_contract_numbers",
    "include_service_points",
    "include_meter_devices",
    "include_meter_numbers",
)


def series_of(
    service: Service,
    *,
    interval: int | None = 900,
    columns: Sequence[ColumnFormat] = (NET, COST),
    zone: str = "America/Los_Angeles",
) -> UsageSeries:
    """Return the series of a service's meter."""
    return ensure_series(
        customer=service.account.customer,
        contract=service.contract,
        service_point=service.point,
        meter=service.meter,
        account=service.account,
        commodity="electric",
        interval=interval,
        zone=zone,
        columns=columns,
    )


def write(
    series: UsageSeries,
    values: Sequence[Any],
    *,
    start: datetime = MARCH,
    as_of: datetime = T1,
    cost: Sequence[Any] | None = None,
    column: ColumnFormat = NET,
    interval: int | None = None,
) -> None:
    """Store net usage, and its cost when given."""
    columns = [make_column(column, [None if v is None else Decimal(str(v)) for v in values])]
    if cost is not None:
        columns.append(make_column(COST, [Decimal(str(v)) for v in cost]))
    write_readings(
        series=series, start=start, columns=columns, as_of=as_of, synced=as_of, interval=interval
    )


def usage(*value_types: str, includes: Sequence[str] = SHOWN, **values: Any) -> dict[str, Any]:
    """Return authorization details of the usage scope; datetimes may be given as such."""
    texts = {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    types = {"include_usage_segment_value_types": list(value_types or (NET_ID, COST_ID))}
    return usage_entry(*includes, **{**types, **texts})


def grant_over(home: Household, *entries: Mapping[str, Any], indexes: Any = None) -> Grant:
    """Return a computed Grant of all entries over some services (default: all) of a household."""
    every = range(len(home.services)) if indexes is None else indexes
    selection = chosen(*home.contract_ids(*every))
    grant = make_grant(home.user, *((entry, selection) for entry in entries), created=T3)
    compute_grant(grant)
    return grant


def get(grant: Grant, url: str = URL, *, method: str = "get", **params: Any) -> Any:
    """Return the response to a token of the Grant."""
    http = APIClient()
    bearer: Any = Bearer(grant, frozenset(grant.scope.split()))
    http.force_authenticate(user=bearer)
    return getattr(http, method)(url, params)


def body_of(response: Any) -> Any:
    """Return the parsed body of a response, numbers as the decimals that they are."""
    assert response.status_code == 200, response.content
    return json.loads(b"".join(response.streaming_content), parse_float=Decimal)


def ask(grant: Grant, **params: Any) -> Any:
    """Return one page."""
    return body_of(get(grant, **params))


def follow(grant: Grant, url: str) -> Any:
    """Return the page behind a `next` or `previous` link."""
    return body_of(get(grant, URL, **dict(parse_qsl(urlsplit(url).query))))


def pages(grant: Grant, **params: Any) -> Iterator[Any]:
    """Yield all pages."""
    page = ask(grant, **params)
    yield page
    while page["next"]:
        page = follow(grant, page["next"])
        yield page


def segments(grant: Grant, **params: Any) -> list[Any]:
    """Return the segments of all pages."""
    return [segment for page in pages(grant, **params) for segment in page["usage_segments"]]


def found(grant: Grant, **params: Any) -> list[str]:
    """Return the ids of all pages."""
    return [segment["cds_usagesegment_id"] for segment in segments(grant, **params)]


def readings(segment: Mapping[str, Any]) -> list[tuple[str, str, Decimal]]:
    """Return (start of interval, format type, value) of all values that are there."""
    start = datetime.fromisoformat(segment["segment_start"])
    result = []
    for index, values in enumerate(segment["values"]):
        at = (start + index * timedelta(seconds=int(segment["interval"]))).isoformat()
        for shape, value in zip(segment["formats"], values, strict=True):
            if value is not None:
                (number,) = value.values()
                result.append((at, shape["type"], Decimal(number)))
    return result
