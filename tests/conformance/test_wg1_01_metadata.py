"""CDS-WG1-01: server metadata and coverage."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from registration.errors import InvalidRequest
from registration.services.metadata.coverage import save_coverage_entry
from tests.factories.registration import AREA, CoverageEntryFactory
from tests.rates import rates
from tests.registration.schemas import problems

pytestmark = pytest.mark.django_db
WELL_KNOWN = "/.well-known/cds-server-metadata.json"


@pytest.fixture
def http():
    return APIClient()


@pytest.mark.spec("WG1-01 3 a", "WG1-01 3 b", "WG1-01 3.1 a")
def test_metadata_is_at_the_well_known_uri(http):
    """No authentication, 200, JSON."""
    answer = http.get(WELL_KNOWN)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.spec("WG1-01 3 a", "WG1-01 3.1 a")
@pytest.mark.parametrize("path", [WELL_KNOWN, "/cds/coverage"])
def test_production_answers_by_https_alone(http, settings, path):
    """Without TLS there is a redirect to the same address with it, and nothing to read."""
    settings.SECURE_SSL_REDIRECT = True
    answer = http.get(path)
    assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{path}")
    assert answer.content == b""
    assert http.get(path, secure=True).status_code == 200


@pytest.mark.spec("WG1-01 3.1 a")
def test_a_bad_token_does_not_matter(http):
    """8.1: included authentication is ignored where the document is public."""
    assert http.get(WELL_KNOWN, HTTP_AUTHORIZATION="Bearer nonsense").status_code == 200


@pytest.mark.spec("WG1-01 3 b", "WG1-01 3.2 a")
def test_metadata_has_its_format(http):
    """Every required field, and the canonical address of the document itself."""
    document = http.get(WELL_KNOWN).json()
    assert problems("ServerMetadata", document) == []
    assert document["cds_metadata_url"] == f"http://testserver{WELL_KNOWN}"
    assert document["cds_metadata_version"] == "v1"


@pytest.mark.spec("WG1-01 3.2 b")
def test_capabilities_are_the_union_over_coverage(http):
    """`coverage` and `oauth` are the server's own."""
    CoverageEntryFactory.create(capabilities=["oauth", "outages"])
    CoverageEntryFactory.create(capabilities=["tariffs"])
    capabilities = http.get(WELL_KNOWN).json()["capabilities"]
    assert capabilities == ["coverage", "oauth", "outages", "tariffs"]


@pytest.mark.spec("CDS-WG1-01", "3", "304 for a cached value")
def test_cached_value_headers_are_understood(http):
    """If-None-Match with the ETag just given."""
    etag = http.get(WELL_KNOWN)["ETag"]
    assert http.get(WELL_KNOWN, HTTP_IF_NONE_MATCH=etag).status_code == 304
    assert http.get(WELL_KNOWN, HTTP_IF_NONE_MATCH='"other"').status_code == 200


@pytest.mark.spec("WG1-01 5 c")
def test_migration_redirects(http, settings):
    """To the URL of the new metadata endpoint."""
    settings.CDS_MIGRATED_TO = "https://new.example/.well-known/cds-server-metadata.json"
    answer = http.get(WELL_KNOWN)
    assert answer.status_code in {301, 302}
    assert answer["Location"] == settings.CDS_MIGRATED_TO


@pytest.mark.spec("WG1-01 5 d")
@pytest.mark.parametrize("years", [0, 1, 3])
def test_the_redirect_has_no_end_of_its_own(http, settings, years):
    """It stays as long as the setting and the domain, cached validators or not."""
    etag = http.get(WELL_KNOWN)["ETag"]
    settings.CDS_MIGRATED_TO = "https://new.example/.well-known/cds-server-metadata.json"
    with time_machine.travel(timezone.now() + timedelta(days=366 * years), tick=False):
        for headers in ({}, {"HTTP_IF_NONE_MATCH": etag}):
            answer = http.get(WELL_KNOWN, **headers)
            assert (answer.status_code, answer["Location"]) == (301, settings.CDS_MIGRATED_TO)


@pytest.mark.spec("WG1-01 5 b")
def test_a_new_domain_has_a_document_of_its_own(http, settings):
    """At its well-known URI, with the new organisation and addresses of the new domain alone."""
    settings.BASE_URL = "https://new.example"
    settings.UTILITY_NAME = "New Gas & Electric"
    document = http.get(WELL_KNOWN).json()
    assert problems("ServerMetadata", document) == []
    assert document["name"] == "New Gas & Electric"
    assert document["cds_metadata_url"] == f"https://new.example{WELL_KNOWN}"
    assert "testserver" not in str(document)


@pytest.mark.spec("WG1-01 4 b", "WG1-01 4.1 a", "WG1-01 4.3 a")
def test_coverage_listing_format(http):
    """`next` and `previous` are always there, null at the ends (decision 25)."""
    CoverageEntryFactory.create(
        entity_number="7", description="West", commodity_types=["electricity"]
    )
    CoverageEntryFactory.create(type="logical", geojson=None, entity_abbreviation="")
    body = http.get(http.get(WELL_KNOWN).json()["coverage"]).json()
    assert problems("CoverageListing", body) == []
    assert body["next"] is body["previous"] is None
    assert body["coverage_entries"][0]["entity_abbreviation"] is None
    assert body["coverage_entries"][1]["entity_number"] == "7"


@pytest.mark.spec("WG1-01 4.1 a")
def test_coverage_may_be_empty(http):
    """The envelope stays."""
    assert http.get("/cds/coverage").json() == {
        "coverage_entries": [],
        "next": None,
        "previous": None,
    }


@pytest.mark.spec("WG1-01 4.1 b")
def test_coverage_is_in_reverse_order_of_update(http):
    """By `updated`, not by creation."""
    now = timezone.now()
    old = CoverageEntryFactory.create(modified=now - timedelta(days=2))
    new = CoverageEntryFactory.create(modified=now - timedelta(days=1))
    order = [entry["id"] for entry in http.get("/cds/coverage").json()["coverage_entries"]]
    assert order == [new.entry_id, old.entry_id]
    save_coverage_entry(entry_id=old.entry_id, values={"name": "Renamed"}, by="system")
    order = [entry["id"] for entry in http.get("/cds/coverage").json()["coverage_entries"]]
    assert order == [old.entry_id, new.entry_id]


@pytest.mark.spec("WG1-01 4.2 a")
def test_coverage_is_filtered_by_ids(http):
    """A space-separated list; unknown ids match nothing."""
    made = CoverageEntryFactory.create_batch(3)
    wanted = {made[0].entry_id, made[2].entry_id}
    body = http.get("/cds/coverage", {"ids": " ".join([*wanted, "unknown"])}).json()
    assert {entry["id"] for entry in body["coverage_entries"]} == wanted
    assert http.get("/cds/coverage?ids=unknown").json()["coverage_entries"] == []


@pytest.mark.spec("CDS-WG1-01", "4.3", "linked resources answer without authentication")
def test_linked_maps_are_public(http):
    """8.1: at least as open as the listing."""
    CoverageEntryFactory.create()
    entry = http.get("/cds/coverage").json()["coverage_entries"][0]
    for name in ("map_resource", "geojson_resource"):
        assert http.get(entry[name]).status_code == 200


@pytest.mark.spec("WG1-01 4.3 c", "WG1-01 4.3 e", "WG1-01 4.3 f", "WG1-01 4.3 g")
@pytest.mark.parametrize(
    "values",
    [
        {"type": "geographic", "geojson": None},
        {"geojson": {"type": "Polygon", "coordinates": [[[500000, 4000000]] * 4]}},
        {"geojson": {"type": "Polygon"}},
        {"capabilities": ["coverage"]},
        {"country": "USA"},
    ],
)
def test_entries_that_break_the_standard_are_not_stored(values):
    """Staff see which rule they broke."""
    right = {
        "entity_name": "DG&E",
        "country": "US",
        "name": "All",
        "type": "geographic",
        "role": "authoritative",
        "geojson": AREA,
    }
    save_coverage_entry(entry_id="right", values=right, by="system")
    with pytest.raises(InvalidRequest):
        save_coverage_entry(entry_id="wrong", values=right | values, by="system")


@pytest.mark.spec("WG1-01 4.3 b")
@pytest.mark.parametrize("countries", ["US CA", "US,CA", "USCA", ["US", "CA"], ""])
def test_an_area_of_two_countries_is_two_entries(http, countries):
    """An entry has one country, so the same area is listed once for each."""
    entry = CoverageEntryFactory.create(country="US")
    with pytest.raises(InvalidRequest):
        save_coverage_entry(entry_id=entry.entry_id, values={"country": countries}, by="system")
    values = {
        name: getattr(entry, name) for name in ("entity_name", "name", "type", "role", "geojson")
    }
    save_coverage_entry(entry_id="north", values={**values, "country": "CA"}, by="system")
    entries = http.get("/cds/coverage").json()["coverage_entries"]
    assert {(e["name"], e["country"]) for e in entries} == {(entry.name, "US"), (entry.name, "CA")}


@pytest.mark.spec("CDS-WG1-01", "4.3", "updated is when the entry last changed")
def test_saving_the_same_again_is_no_update():
    """A seed that runs twice does not move the dates."""
    values = {
        "entity_name": "A",
        "country": "US",
        "name": "A",
        "type": "logical",
        "role": "official",
    }
    first = save_coverage_entry(entry_id="a", values=values, by="system")
    assert save_coverage_entry(entry_id="a", values=values, by="system").modified == first.modified


@pytest.mark.spec("CDS-WG1-01", "8.2", "public endpoints are rate limited")
def test_public_endpoints_are_rate_limited(http, settings, stopped_clock):
    """429 with Retry-After."""
    rates(settings, public="1/min")
    assert http.get("/cds/coverage").status_code == 200
    refused = http.get("/cds/coverage")
    assert refused.status_code == 429
    assert refused.has_header("Retry-After")


@pytest.mark.spec("WG1-01 3.3 a")
def test_related_metadata(http, settings):
    """Divisions and companies publish their own; without any the field is absent."""
    assert "related_metadata" not in http.get(WELL_KNOWN).json()
    settings.CDS_RELATED_METADATA = ["https://gas.example/.well-known/cds-server-metadata.json"]
    document = http.get(WELL_KNOWN).json()
    assert document["related_metadata"] == settings.CDS_RELATED_METADATA
    assert problems("ServerMetadata", document) == []


@pytest.mark.spec("WG1-01 5 a")
def test_updated_follows_capabilities(http):
    """A new capability of an area changes the document; a new description of it does not."""
    entry = CoverageEntryFactory.create()
    first = http.get(WELL_KNOWN).json()
    save_coverage_entry(entry_id=entry.entry_id, values={"description": "Words"}, by="system")
    assert http.get(WELL_KNOWN).json() == first
    save_coverage_entry(entry_id=entry.entry_id, values={"capabilities": ["outages"]}, by="system")
    changed = http.get(WELL_KNOWN).json()
    assert changed["capabilities"] == ["coverage", "oauth", "outages"]
    assert (changed["updated"] > first["updated"], changed["created"]) == (True, first["created"])


@pytest.mark.spec("WG1-01 3.2 c", "WG1-01 3.4 a", "WG1-01 4 a")
def test_the_coverage_capability_has_its_address(http):
    """And the address answers."""
    document = http.get(WELL_KNOWN).json()
    assert "coverage" in document["capabilities"]
    assert http.get(document["coverage"]).status_code == 200


@pytest.mark.spec("WG1-01 3 c", "WG1-01 4 c")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", WELL_KNOWN, 405),
        ("DELETE", "/cds/coverage", 405),
        ("GET", "/cds/coverage?cursor=forged", 400),
        ("GET", "/.well-known/unknown.json", 404),
        ("GET", "/cds/coverage/unknown.geojson", 404),
    ],
)
def test_errors_have_their_status_and_are_json(http, method, path, status):
    """Programs read them."""
    answer = http.generic(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.spec("CDS-WG1-01", "4", "304 for a cached coverage listing")
def test_coverage_understands_cached_values(http):
    """The same as for the metadata; a changed entry is a new body."""
    entry = CoverageEntryFactory.create()
    etag = http.get("/cds/coverage")["ETag"]
    assert http.get("/cds/coverage", HTTP_IF_NONE_MATCH=etag).status_code == 304
    save_coverage_entry(entry_id=entry.entry_id, values={"name": "Other"}, by="system")
    assert http.get("/cds/coverage", HTTP_IF_NONE_MATCH=etag).status_code == 200


@pytest.mark.spec("WG1-01 4.3 d", "WG1-01 4.3 e")
def test_maps_say_what_they_are(http):
    """And GeoJSON is in WGS 84: degrees, longitude first."""
    CoverageEntryFactory.create()
    entry = http.get("/cds/coverage").json()["coverage_entries"][0]
    assert http.get(entry["map_resource"])["Content-Type"] == entry["map_content_type"]
    for longitude, latitude in http.get(entry["geojson_resource"]).json()["coordinates"][0]:
        assert -180 <= longitude <= 180
        assert -90 <= latitude <= 90


@pytest.mark.spec("WG1-01 4.4 a", "WG1-01 4.5 a", "WG1-01 4.6 a", "WG1-01 4.7 a")
@pytest.mark.parametrize(
    "values",
    [
        {"type": "political"},
        {"role": "direct"},
        {"infrastructure_types": ["shop"]},
        {"commodity_types": ["steam"]},
    ],
)
def test_values_outside_the_lists_are_not_published(values):
    """4.4 to 4.7; `direct` in 4.5 is a slip for authoritative (decision 46)."""
    entry = CoverageEntryFactory.create()
    with pytest.raises(InvalidRequest):
        save_coverage_entry(entry_id=entry.entry_id, values=values, by="system")


@pytest.mark.spec("CDS-WG1-01", "8.2", "callers are told how much is left")
def test_limits_are_told(http):
    """On refusals and before."""
    answer = http.get(WELL_KNOWN)
    for name in ("Limit", "Remaining", "Reset"):
        assert int(answer[f"X-RateLimit-{name}"]) >= 0
