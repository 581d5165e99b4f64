"""Asking the structural listings as a token would."""

from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient

from consent.models import Grant

BASE = "/cds-customerdata-api/v1"
# Every include field that the structural listings react to.
EVERYTHING = (
    "include_accounts",
    "include_account_numbers",
    "include_account_details",
    "include_account_programs",
    "include_service_contracts",
    "include_contract_numbers",
    "include_rate_plans",
    "include_service_contract_details",
    "include_service_programs",
    "include_service_points",
    "include_premises",
    "include_service_point_addresses",
    "include_coordinates",
    "include_meter_devices",
    "include_meter_numbers",
    "include_meter_apps",
)


@dataclass(frozen=True)
class Bearer:
    """What bearer authentication hands to views."""

    grant: Grant
    scopes: frozenset[str]
    is_authenticated: bool = True


def ask(grant: Grant, listing: str, *, scopes: Any = None, **params: Any) -> Any:
    """Return the body of a listing for a token of the Grant."""
    http = APIClient()
    held = frozenset(grant.scope.split()) if scopes is None else frozenset(scopes)
    http.force_authenticate(user=Bearer(grant, held))  # type: ignore[arg-type]
    response = http.get(f"{BASE}/{listing}", params)
    assert response.status_code == 200, response.content
    return response.json()


def ids(body: dict[str, Any]) -> list[str]:
    """Return the ids of a listing's objects in order."""
    (items,) = [value for key, value in body.items() if key not in {"next", "previous"}]
    return [next(iter(item.values())) for item in items]
