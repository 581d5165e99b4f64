"""What the include fields of CDS-WG3-01 7.2 open, and what the metadata of section 5 says."""

import json
from pathlib import Path

import pytest

from consent.catalogue.demo_offers import demo_offers
from customerdata.access.compute import compute_grant
from customerdata.kinds.registry import VERSIONED
from customerdata.metadata import customer_data_part
from registration.catalogue.metadata_parts import MetadataContext
from tests.customerdata.api.listing import ask
from tests.factories.customerdata import Household, chosen, contract_entry, make_grant
from tests.registration.support import DocsUrls

FIELDS = json.loads(
    (Path(__file__).parent.parent / "spec" / "auth_details_fields.json").read_text()
)
KINDS = {kind.object_name: kind for kind in VERSIONED}
# There whatever else a token sees of accounts (decision 33).
ALWAYS = {"BillStatement": {"account_number"}, "BillSection": {"account_number"}}
# Goes with file_uri (decision 34).
WITH = {"file_uri": {"file_mimetype"}}
GATES = [
    (field_id, object_name, names)
    for field_id, entry in FIELDS.items()
    for object_name, names in entry.get("turns_on", {}).get("fields", {}).items()
    if object_name in KINDS
]


@pytest.mark.django_db
@pytest.mark.spec(
    "WG3-01 6.1.5 i",
    "WG3-01 7.2.1.* f",
    "WG3-01 7.2.2.* f",
    "WG3-01 7.2.3.* f",
    "WG3-01 7.2.4.* f",
    "WG3-01 7.2.5.* f",
    "WG3-01 7.2.6.1 f",
)
@pytest.mark.parametrize(("field_id", "object_name", "names"), GATES)
def test_gates(field_id, object_name, names):
    """Off: none of the fields. On: exactly these."""
    home, kind = Household(), KINDS[object_name]
    home.add_bill()
    shown = []
    for includes in ((), (field_id,)):
        entry = contract_entry("include_meter_devices", kind.include, *includes)
        grant = make_grant(home.user, (entry, chosen(*home.contract_ids(0))))
        compute_grant(grant)
        (item,) = ask(grant, kind.path)[kind.envelope]
        shown.append(set(item))
    wanted = set(names).union(*(WITH.get(name, set()) for name in names))
    assert shown[1] - shown[0] == wanted - ALWAYS.get(object_name, set())


@pytest.mark.spec("WG3-01 5 a", "WG3-01 5 b", "WG3-01 5 d")
def test_metadata():
    """Clients find the APIs only here."""
    part = customer_data_part(
        MetadataContext(offers=demo_offers(), urls=DocsUrls("http://testserver/docs/scopes"))
    )
    assert part["cds_customerdata_version"] == "v1"
    for name, path in {
        "cds_accounts_api": "accounts",
        "cds_servicecontracts_api": "service-contracts",
        "cds_servicepoints_api": "service-points",
        "cds_meterdevices_api": "meter-devices",
        "cds_usagesegments_api": "usage-segments",
    }.items():
        assert part[name] == f"http://testserver/cds-customerdata-api/v1/{path}"
    assert part["cds_usagesegments_additional_value_types"] == {}
