"""Asking the structural listings as a token would."""

from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient

from consent.models import Grant

BASE = "/cds-customerdata-api/v1"


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
