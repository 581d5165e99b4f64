"""Accounts, contracts, service points and meters (CDS-WG3-01 10.1 to 10.4)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from consent.models import Grant
from customerdata.access.compute import compute_grant
from customerdata.kinds.base import VersionedKind
from customerdata.kinds.registry import VERSIONED
from registration.catalogue.types import fields
from tests.customerdata.api.listing import ask
from tests.factories.customerdata import Household, chosen, contract_entry, make_grant
from tests.registration.schemas import problems

pytestmark = pytest.mark.django_db

SPEC = Path(__file__).parent.parent / "spec"
STANDARD: dict[str, Any] = json.loads((SPEC / "listings.json").read_text())["listings"]
OBJECTS: dict[str, Any] = json.loads((SPEC / "objects.json").read_text())


@dataclass(frozen=True)
class Listing:
    """A listing of the standard with the sections about it, and the kind that it lists."""

    kind: VersionedKind

    @property
    def standard(self) -> dict[str, Any]:
        """Return what the standard says of the listing."""
        said: dict[str, Any] = STANDARD[self.kind.envelope]
        return said

    @property
    def listing_section(self) -> str:
        """Return the section of the listing."""
        return str(self.standard["section"])

    @property
    def object_section(self) -> str:
        """Return the section of the object."""
        return str(OBJECTS[self.kind.object_name]["section"])


LISTINGS = tuple(Listing(kind) for kind in VERSIONED)


each_listing = pytest.mark.parametrize(
    "listing", LISTINGS, ids=[item.kind.path for item in LISTINGS]
)


def everything_granted() -> Grant:
    """A Grant over a household's service with every include field of structure on."""
    home = Household()
    home.add_bill()
    names = {item.kind.object_name for item in LISTINGS}
    includes = [
        entry.id
        for entry in fields().values()
        if set(entry.turns_on.objects) & names or set(entry.turns_on.fields) & names
    ]
    grant = make_grant(home.user, (contract_entry(*includes), chosen(*home.contract_ids(0))))
    compute_grant(grant)
    return grant


@each_listing
def test_declaration(listing):
    """Names, include field and metadata field of each kind."""
    kind = listing.kind
    assert listing.listing_section.startswith(f"{kind.section}.")
    assert listing.object_section == f"{kind.section}.1"
    assert (listing.standard["object"], listing.standard["envelope_key"]) == (
        kind.object_name,
        kind.envelope,
    )
    assert listing.standard["metadata_field"] == kind.metadata
    assert fields()[kind.include].turns_on.objects == (kind.object_name,)
    assert OBJECTS[kind.object_name]["fields"][0]["name"] == kind.public_id


@pytest.mark.spec(
    "WG3-01 10.1.10 d",
    "WG3-01 10.2.7 d",
    "WG3-01 10.3.5 d",
    "WG3-01 10.4.5 d",
    "WG3-01 10.5.4 d",
    "WG3-01 10.5.4 e",
    "WG3-01 10.6.9 d",
    "WG3-01 10.6.9 e",
)
@each_listing
def test_parameters(listing):
    """An unknown parameter would be ignored, and with it the client's wish."""
    named = {parameter["name"] for parameter in listing.standard["parameters"]}
    assert named <= {item.name for item in listing.kind.filters}


@pytest.mark.spec(
    "WG3-01 10.1.10 g",
    "WG3-01 10.2.7 g",
    "WG3-01 10.3.5 g",
    "WG3-01 10.4.5 g",
    "WG3-01 10.5.4 g",
    "WG3-01 10.6.9 g",
)
@each_listing
def test_order(listing):
    """Each column as the standard names it, in its direction; the id breaks ties."""
    columns = {
        "cds_modified": "arrived",
        "modified (cds_modified)": "arrived",
        # As far as the token sees the numbers of the related contracts (decisions 37 and 55).
        "contract_number": "sort_key",
    }
    wanted = [
        (columns.get(name, name), direction == "desc")
        for name, direction in listing.standard["order"]
    ]
    *order, last = listing.kind.full_order
    assert [(each.column, each.descending) for each in order] == wanted
    assert last.column == f"{listing.kind.owner}__{listing.kind.public_id}"


@pytest.mark.spec(
    "WG3-01 10.1.1 a",
    "WG3-01 10.1.10 a",
    "WG3-01 10.2.1 a",
    "WG3-01 10.2.7 a",
    "WG3-01 10.3.1 a",
    "WG3-01 10.3.5 a",
    "WG3-01 10.4.1 a",
    "WG3-01 10.4.5 a",
    "WG3-01 10.5.1 a",
    "WG3-01 10.5.4 a",
    "WG3-01 10.6.1 a",
    "WG3-01 10.6.9 a",
)
@each_listing
def test_object(listing):
    """With every include field on, the object has all fields of the standard and no other."""
    body = ask(everything_granted(), listing.kind.path)
    envelope = listing.standard["envelope_key"]
    assert set(body) == {envelope, "next", "previous"}
    assert body["next"] is None
    assert body["previous"] is None
    (item,) = body[envelope]
    assert set(item) == {row["name"] for row in OBJECTS[listing.kind.object_name]["fields"]}
    assert problems(listing.kind.object_name, item) == []
