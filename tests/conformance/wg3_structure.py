"""What the conformance tests of structural listings share."""

import json
from pathlib import Path
from typing import Any

from consent.catalogue.access import gated_fields
from consent.models import Grant
from customerdata.access.compute import compute_grant
from registration.catalogue.types import fields
from tests.factories.customerdata import Household, chosen, contract_entry, make_grant

LISTINGS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "spec" / "listings.json").read_text()
)["listings"]


def everything_granted() -> tuple[Household, Grant]:
    """A household and a Grant over its service with every include field of structure on."""
    home = Household()
    names = ("Account", "ServiceContract", "ServicePoint", "MeterDevice")
    includes = [
        entry.id
        for entry in fields().values()
        if set(entry.turns_on.objects) & set(names) or set(entry.turns_on.fields) & set(names)
    ]
    grant = make_grant(home.user, (contract_entry(*includes), chosen(*home.contract_ids(0))))
    compute_grant(grant)
    return home, grant


def optional_fields(object_name: str) -> set[str]:
    """The fields of an object that include fields turn on."""
    return set(gated_fields(object_name))


def parameters(listing: str) -> set[str]:
    """The URL parameters that the standard names for a listing."""
    return {parameter["name"] for parameter in LISTINGS[listing]["parameters"]}
