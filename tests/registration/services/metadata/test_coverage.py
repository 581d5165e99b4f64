"""Staff write coverage entries and upload their maps."""

import json

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from portal.errors import NotFound
from portal.models import AuditEvent
from registration.catalogue.offers import ScopeOffer
from registration.errors import InvalidRequest
from registration.models import CoverageEntry
from registration.services.catalogue.offers import load_offers
from registration.services.metadata.coverage import (
    delete_coverage_entry,
    save_coverage_entry,
    upload_geojson,
)
from registration.validation import geojson
from tests.factories.registration import AREA, CoverageEntryFactory

pytestmark = pytest.mark.django_db
OTHER = {**AREA, "coordinates": [[[10, 50], [11, 50], [11, 51], [10, 51], [10, 50]]]}


def raw(document):
    """Return a file."""
    return json.dumps(document).encode()


def test_an_upload_replaces_the_map_everywhere():
    """Listing, GeoJSON and picture show it at once; the change is on record."""
    entry = CoverageEntryFactory.create()
    before = entry.modified
    upload_geojson(entry_id=entry.entry_id, raw=b"\xef\xbb\xbf" + raw(OTHER), by="staff:1")
    shown = APIClient().get("/cds/coverage").json()["coverage_entries"][0]
    assert APIClient().get(shown["geojson_resource"]).json() == OTHER
    assert shown["updated"] > before.isoformat()[:10]
    event = AuditEvent.objects.get(action="coverage.saved")
    assert (event.actor, event.subject) == ("staff:1", f"coverage:{entry.entry_id}")
    assert event.details == {"changed": ["geojson"]}


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"type": "Polygon", "coordinates": [[[NaN, 0], [1, 1], [2, 2], [NaN, 0]]]}',
        raw({"type": "Polygon", "coordinates": [[["1", 0], [1, 1], [2, 2], ["1", 0]]]}),
        raw({"type": "Polygon", "coordinates": [[[True, 0], [1, 1], [2, 2], [True, 0]]]}),
        raw({"type": "Polygon", "coordinates": [[[10**400, 0], [1, 1], [2, 2], [10**400, 0]]]}),
        raw({"type": "Polygon", "coordinates": [[[0, 91], [1, 1], [2, 2], [0, 91]]]}),
        raw({"type": "Polygon", "coordinates": [AREA["coordinates"][0][:-1]]}),
        raw({"type": "LineString", "coordinates": AREA["coordinates"][0]}),
        raw({"type": "FeatureCollection", "features": []}),
        raw({**AREA, "crs": {"type": "name", "properties": {"name": "EPSG:3857"}}}),
        raw({**AREA, "crs": None}),
        b'{"a":' * 100_000,
        b" " * (geojson.MAX_BYTES + 1),
    ],
)
def test_a_file_without_an_area_in_wgs_84_is_refused(file):
    """CDS-WG1-01 4.3; the old map stays."""
    entry = CoverageEntryFactory.create()
    with pytest.raises(InvalidRequest) as refused:
        upload_geojson(entry_id=entry.entry_id, raw=file, by="system")
    assert refused.value.field == "geojson"
    assert CoverageEntry.objects.get().geojson == AREA


def test_wgs_84_under_its_old_name_is_accepted():
    """Exporters still write it."""
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    geojson.parse_geojson(raw({**AREA, "crs": crs}))


def test_too_many_positions_are_refused():
    """Everyone may fetch the map, so its size is limited twice."""
    with pytest.raises(geojson.GeoJsonError, match="more than 4 positions"):
        geojson.check_area(AREA, most=4)
    geojson.check_area(AREA, most=5)


@pytest.mark.parametrize(
    "values",
    [{"commodity_types": ["steam"]}, {"infrastructure_types": ["shop"]}, {"entry_id": "other"}],
)
def test_values_outside_the_standard_are_refused(values):
    """CDS-WG1-01 4.6, 4.7."""
    entry = CoverageEntryFactory.create()
    with pytest.raises(InvalidRequest):
        save_coverage_entry(entry_id=entry.entry_id, values=values, by="system")


def test_what_a_scope_names_cannot_be_deleted():
    """CDS-WG1-02 3.4: `coverages_supported` holds ids of entries that exist."""
    entry = CoverageEntryFactory.create()
    offer = ScopeOffer(id="cds_grant_admin_1", type="cds_grant_admin", coverages=(entry.entry_id,))
    load_offers([offer])
    with pytest.raises(InvalidRequest, match="cds_grant_admin_1"):
        delete_coverage_entry(entry_id=entry.entry_id, by="system")
    load_offers([])
    delete_coverage_entry(entry_id=entry.entry_id, by="system")
    assert not CoverageEntry.objects.exists()
    assert AuditEvent.objects.filter(action="coverage.deleted").exists()


def test_the_unknown_entry_is_named():
    """A typing error must not make a new one."""
    for act in (
        lambda: upload_geojson(entry_id="x", raw=raw(AREA), by="system"),
        lambda: delete_coverage_entry(entry_id="x", by="system"),
    ):
        with pytest.raises(NotFound, match="x"):
            act()


def test_the_commands_do_the_same(tmp_path, staff, capsys):
    """Create, change the map, delete; mistakes end with the rule."""
    by = f"--by={staff.email}"
    file = tmp_path / "area.geojson"
    file.write_bytes(raw(AREA))
    call_command(
        "save_coverage",
        "west",
        "--name=West",
        "--entity-name=DG&E",
        "--country=US",
        "--type=geographic",
        "--role=authoritative",
        "--commodity-types=electricity",
        f"--geojson={file}",
        by,
    )
    file.write_bytes(raw(OTHER))
    call_command("upload_geojson", "west", str(file), by)
    assert "/cds/coverage/west.svg" in capsys.readouterr().out
    entry = CoverageEntry.objects.get()
    assert (entry.name, entry.geojson, entry.commodity_types) == ("West", OTHER, ["electricity"])
    file.write_text("{}")
    with pytest.raises(CommandError, match="polygons"):
        call_command("upload_geojson", "west", str(file), by)
    with pytest.raises(CommandError):
        call_command("save_coverage", "west", "--country=USA", by)
    call_command("save_coverage", "west", "--delete", by)
    assert not CoverageEntry.objects.exists()
    actors = set(AuditEvent.objects.values_list("actor", flat=True))
    assert actors == {f"user:{staff.pk}"}
