"""What a Grant keeps of the offers of its day."""

from importlib import import_module

import pytest
from django.apps import apps

from consent.catalogue.access import VALUE_TYPES, meaning_of, resolution_of
from consent.catalogue.demo_offers import demo_offers
from consent.models import Grant
from consent.services.sections.choices import Choices, SectionChoice
from tests.consent.oauth.support import offer_demo_scopes
from tests.consent.pages.world import make_world
from tests.factories.consent import GrantFactory

ENTRY = {"type": "cds_usage", VALUE_TYPES: ["electric_net_kwh", "gone_long_ago"]}


def test_only_what_the_entries_hold_is_kept():
    """The type of the scope, and the formats of the choices that are still known."""
    kept = resolution_of("cds_service_contracts cds_usage unknown", [ENTRY], demo_offers())
    assert kept.keys() == {"cds_service_contracts", "cds_usage"}
    assert kept["cds_service_contracts"] == {"type": "cds_service_contracts", "value_formats": {}}
    assert kept["cds_usage"]["type"] == "cds_usage"
    assert list(kept["cds_usage"]["value_formats"]) == ["electric_net_kwh"]


def test_what_was_kept_before_wins():
    """Widening a Grant does not change what it gave already."""
    known = {"cds_usage": {"type": "cds_meters", "value_formats": {"gone_long_ago": {"id": "x"}}}}
    kept = resolution_of("cds_usage", [ENTRY], demo_offers(), known)
    assert kept["cds_usage"]["type"] == "cds_meters"
    assert kept["cds_usage"]["value_formats"].keys() == {"electric_net_kwh", "gone_long_ago"}
    assert resolution_of("cds_usage", [ENTRY], {}, known)["cds_usage"]["value_formats"] == {
        "gone_long_ago": {"id": "x"}
    }


def test_reading_it_back():
    """Without a stored answer an id that is a type stands for it; other ids mean nothing."""
    stored = {"our_usage": {"type": "cds_usage", "value_formats": {"a": {"id": "a"}}}}
    found = meaning_of(stored, "our_usage")
    assert found is not None
    assert (found.scope_type.type, found.value_formats) == ("cds_usage", {"a": {"id": "a"}})
    bare = meaning_of({}, "cds_usage")
    assert bare is not None
    assert (bare.scope_type.type, bare.value_formats) == ("cds_usage", {})
    assert meaning_of({}, "our_usage") is None


@pytest.mark.django_db
def test_an_approval_keeps_the_formats_and_publishes_none(monkeypatch):
    """They are not part of the standard's object."""
    world = make_world(monkeypatch)
    request = world.ask("cds_usage", details=[{"type": "cds_usage", VALUE_TYPES: ["gas_therm"]}])
    choices = Choices({0: SectionChoice(frozenset({"sc_222222"}))})
    world.approve(request, choices)
    grant = Grant.objects.get()
    assert list(grant.resolution["cds_usage"]["value_formats"]) == ["gas_therm"]
    assert "value_formats" not in str(grant.authorization_details)


@pytest.mark.django_db
def test_the_migration_fills_old_rows():
    """As a new Grant of today's offers would be; rows that keep something already stay."""
    offer_demo_scopes()
    old = GrantFactory.create(scope="cds_usage", authorization_details=[ENTRY], resolution={})
    kept = {"cds_usage": {"type": "cds_usage", "value_formats": {}}}
    new = GrantFactory.create(scope="cds_usage", authorization_details=[ENTRY], resolution=kept)
    fill = import_module("consent.migrations.0004_fill_grant_resolution").fill
    for _ in range(2):
        fill(apps, None)
        old.refresh_from_db()
        new.refresh_from_db()
        assert old.resolution == resolution_of("cds_usage", [ENTRY], demo_offers())
        assert new.resolution == kept
