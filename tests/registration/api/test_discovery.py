"""The discovery documents beyond their conformance: caching, true dates, maps."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from consent.catalogue.demo_offers import demo_offers
from portal.registries import Registry
from registration.catalogue.metadata_parts import MetadataContext, MetadataPart
from tests.factories.registration import AREA, ClientFactory, CoverageEntryFactory
from tests.rates import rates
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db
WELL_KNOWN = "/.well-known/cds-server-metadata.json"
OAUTH = "/.well-known/oauth-authorization-server"


@pytest.fixture
def http():
    return APIClient()


@pytest.mark.parametrize("path", [WELL_KNOWN, OAUTH, "/cds/coverage"])
def test_an_unchanged_document_costs_no_second_body(http, path):
    """A reader that sends the ETag back gets 304; HEAD gets the same headers without a body."""
    first = http.get(path)
    again = http.get(path, HTTP_IF_NONE_MATCH=first["ETag"])
    head = http.head(path)
    assert (first.status_code, again.status_code, head.status_code) == (200, 304, 200)
    assert again.content == head.content == b""
    assert again["ETag"] == head["ETag"] == first["ETag"]
    assert "max-age" in first["Cache-Control"]
    assert "max-age" in again["Cache-Control"]


def test_updated_moves_with_the_content_only(http, settings):
    """`updated` says when the document changed, not when it was asked for."""
    first = http.get(WELL_KNOWN).json()
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        assert http.get(WELL_KNOWN).json()["updated"] == first["updated"]
        settings.UTILITY_DESCRIPTION = "Another sentence."
        changed = http.get(WELL_KNOWN).json()
    assert changed["updated"] > first["updated"]
    assert changed["created"] == first["created"]


def test_a_moved_server_leads_to_its_successor(http, settings):
    """CDS-WG1-01 5: clients follow a permanent redirect."""
    settings.CDS_MIGRATED_TO = "https://new.example/.well-known/cds-server-metadata.json"
    answer = http.get(WELL_KNOWN)
    assert (answer.status_code, answer["Location"]) == (301, settings.CDS_MIGRATED_TO)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "garbage", "*/*;q=0"])
def test_json_whatever_the_accept_header_says(http, accept):
    """Some HTTP stacks send odd Accept headers."""
    answer = http.get(OAUTH, HTTP_ACCEPT=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_apps_below_add_their_addresses(http, monkeypatch):
    """Data API addresses come from the apps that serve them, with what this reader may see."""
    seen = []

    def part(context: MetadataContext):
        seen.append(set(context.offers))
        return {"cds_usagesegments_api": "https://x.example/usage"}

    parts: Registry[MetadataPart] = Registry("test")
    parts.register("part", part)
    monkeypatch.setattr("registration.services.metadata.documents.metadata_parts", parts)
    offer_demo_scopes()
    assert http.get(OAUTH).json()["cds_usagesegments_api"] == "https://x.example/usage"
    assert seen == [set(demo_offers())]


def test_maps_answer(http):
    """Both addresses of a geographic entry lead to something of the type they promise."""
    CoverageEntryFactory.create(name='Hills & "valleys"')
    entry = http.get("/cds/coverage").json()["coverage_entries"][0]
    geojson = http.get(entry["geojson_resource"])
    picture = http.get(entry["map_resource"])
    assert geojson.json() == AREA
    assert geojson["Content-Type"] == "application/geo+json"
    assert picture["Content-Type"] == entry["map_content_type"] == "image/svg+xml"
    assert picture.content.startswith(b"<svg ")
    assert b"Hills &amp; " in picture.content


def test_no_map_is_404(http):
    """A logical entry has no map, and its addresses are not listed."""
    CoverageEntryFactory.create(entry_id="seniors", type="logical", geojson=None)
    assert "map_resource" not in http.get("/cds/coverage").json()["coverage_entries"][0]
    assert http.get("/cds/coverage/seniors.svg").status_code == 404
    assert http.get("/cds/coverage/unknown.geojson").json()["error"] == "not_found"


def test_coverage_pages_give_each_entry_once(http, settings):
    """Walking `next` meets every entry once, in order, and `previous` leads back."""
    settings.LISTING_PAGE_SIZE = 2
    made = [
        CoverageEntryFactory.create(modified=timezone.now() - timedelta(days=n)) for n in range(5)
    ]
    page = http.get("/cds/coverage").json()
    ids = [item["id"] for item in page["coverage_entries"]]
    while page["next"]:
        page = http.get(page["next"]).json()
        ids += [item["id"] for item in page["coverage_entries"]]
    assert ids == [entry.entry_id for entry in made]
    assert http.get(page["previous"]).json()["coverage_entries"][1]["id"] == made[3].entry_id


@pytest.mark.parametrize("count", [1, 20])
def test_coverage_costs_one_query(http, django_assert_num_queries, count):
    """The cost of a page does not depend on its rows."""
    CoverageEntryFactory.create_batch(count)
    with django_assert_num_queries(1):
        http.get("/cds/coverage")


def test_client_metadata_is_limited_to_its_scopes(http):
    """A Client sees its scopes and the grant admin scope that they name, nothing else."""
    offer_demo_scopes()
    client = ClientFactory.create(consent=True, scopes=["cds_usage"])
    own = http.get(f"/cds/clients/{client.client_id}/server-metadata.json").json()
    document = http.get(own["oauth_metadata"]).json()
    assert own["cds_metadata_url"].endswith(f"/cds/clients/{client.client_id}/server-metadata.json")
    assert set(document["scopes_supported"]) == {"cds_usage", "cds_grant_admin_1"}
    assert set(document["cds_scope_descriptions"]) == {"cds_usage", "cds_grant_admin_1"}


def test_client_metadata_of_nobody_is_404(http):
    """An unknown client_id says nothing."""
    assert http.get("/cds/clients/cl_nobody/server-metadata.json").status_code == 404


def test_discovery_is_limited_by_address(http, settings, stopped_clock):
    """CDS-WG1-01 8.2: a flood is told when to come back."""
    rates(settings, public="2/min")
    answers = [http.get(WELL_KNOWN) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0


def test_discovery_works_while_the_cache_is_away(http, settings):
    """The cache holds no truth: without it nothing is counted and nothing fails."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    assert http.get(WELL_KNOWN).status_code == 200
