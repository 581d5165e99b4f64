"""CDS-WG1-02 3.4 and 3.8: what the published fields of scopes promise, and that it holds."""

import json
from dataclasses import replace
from typing import Any

import pytest
from rest_framework.test import APIClient

from consent.models import AuthorizationRequest
from registration.catalogue.offers import FieldOffer
from registration.errors import OffersInvalid
from registration.services.catalogue.offers import current_offers, load_offers
from tests.consent.oauth.support import Party, post

pytestmark = pytest.mark.django_db
spec = pytest.mark.spec

LENGTHS = {"string", "string_or_null", "string_list", "string_list_or_null"}
NUMBERS = {"int", "decimal"}
TIMES = {"relative_or_absolute_date", "relative_or_absolute_datetime"}
BOUNDED = LENGTHS | NUMBERS | TIMES
CHOICES = {"choice", "choice_or_null", "choice_list", "choice_list_or_null"}


def scopes() -> dict[str, Any]:
    """Return the published scope descriptions."""
    document = APIClient().get("/.well-known/oauth-authorization-server").json()
    found: dict[str, Any] = document["cds_scope_descriptions"]
    return found


def fields() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return every published field beside its scope."""
    return [
        (scope, field)
        for scope in scopes().values()
        for field in scope["authorization_details_fields_supported"]
    ]


def offer(scope_id: str, entry: FieldOffer) -> None:
    """Offer the demo's scopes with one field of one of them set differently."""
    offers = {o.id: o for o in current_offers().values() if o.id != "cds_client_admin"}
    load_offers((offers | {scope_id: offers[scope_id].with_field(entry)}).values())


@spec("WG1-02 3.4 e")
def test_scopes_have_grant_types(acme):
    """All but files, whose Grants nobody can ask for (3.3.3, decision 4)."""
    without = {s["type"] for s in scopes().values() if not s["grant_types_supported"]}
    assert without == {"cds_server_provided_files"}


@spec("WG1-02 3.4 f")
def test_challenges_are_offered_with_codes(acme):
    """S256 where there are codes, nothing where there are none."""
    for scope in scopes().values():
        has_codes = "authorization_code" in scope["grant_types_supported"]
        assert scope["code_challenge_methods_supported"] == (["S256"] if has_codes else [])


@spec("WG1-02 3.8 b")
def test_fields_are_for_types_of_their_scope(acme):
    """At least one, and none of another scope."""
    assert len(fields()) > 50
    for scope, field in fields():
        assert field["for_types"]
        assert set(field["for_types"]) <= set(scope["authorization_details_types_supported"])


@spec("WG1-02 3.8 e", "WG1-02 3.8 f", "WG1-02 3.8 g")
def test_bounds_have_the_form_of_their_format(acme):
    """Lengths are whole numbers, dates and datetimes are durations, infinite or moments."""
    assert {field["format"] for _, field in fields()} & LENGTHS
    for _, field in fields():
        bounds = [field[name] for name in ("maximum", "minimum") if name in field]
        assert len(bounds) == (2 if field["format"] in BOUNDED else 0)
        for bound in bounds:
            if field["format"] in LENGTHS:
                assert type(bound) is int
            else:
                assert bound == "infinite" or bound.startswith("P")


@spec("WG1-02 3.8 e", "WG1-02 3.8 f", "WG1-02 3.8 g")
@pytest.mark.parametrize(
    "bounds",
    [
        {"maximum": None},
        {"maximum": "1000"},
        {"maximum": "infinite"},
        {"maximum": 10.5},
        {"minimum": None},
        {"minimum": "1"},
        {"minimum": True},
    ],
)
def test_lengths_are_whole_numbers(acme, bounds):
    """A bound of another form is not offered."""
    with pytest.raises(OffersInvalid, match="contract_numbers"):
        offer("cds_usage", FieldOffer(id="contract_numbers", **bounds))


@spec("WG1-02 3.8 e", "WG1-02 3.8 f", "WG1-02 3.8 g")
@pytest.mark.parametrize(
    "bounds",
    [{"maximum": None}, {"maximum": 3}, {"maximum": "3 years"}, {"minimum": 0}, {"minimum": None}],
)
def test_bounds_of_times_are_times(acme, bounds):
    """A bound of another form is not offered."""
    with pytest.raises(OffersInvalid, match="segment_start"):
        offer("cds_usage", FieldOffer(id="segment_start", **bounds))


@spec("WG1-02 3.8 h")
def test_choice_formats_have_choices(acme):
    """Each once, and at least one where null is no answer: such a field is not offered without."""
    found = [field for _, field in fields() if field["format"] in CHOICES]
    assert found
    for field in found:
        ids = [choice["id"] for choice in field["choices"]]
        assert ids
        assert len(ids) == len(set(ids))
    assert not [f for _, f in fields() if f["format"] not in CHOICES and "choices" in f]
    with pytest.raises(OffersInvalid, match="selection_type needs at least one choice"):
        offer("cds_usage", FieldOffer(id="authorization_form_selection_type"))


def ask(acme: Party, scope: str, field: str, value: object) -> int:
    """Push an authorization request with one field set; return the status."""
    entry = json.dumps([{"type": scope, field: value}])
    answer = post(
        "/oauth/par",
        acme.app_credential,
        response_type="code",
        scope=scope,
        authorization_details=entry,
    )
    if answer.status_code == 400:
        assert answer.json()["error"] == "invalid_authorization_details"
    return int(answer.status_code)


def within(field: dict[str, Any]) -> list[object]:
    """Return values at both ends of what a field publishes."""
    if field["format"] in LENGTHS:
        ends: list[object] = ["x" * field[name] for name in ("maximum", "minimum")]
        return [[end] for end in ends] if "list" in field["format"] else ends
    if field["format"] in CHOICES:
        ids = [choice["id"] for choice in field["choices"]]
        return [ids[:1], ids] if "list" in field["format"] else list(ids)
    if field["format"] == "boolean":
        return [True, False]
    return [field[name] for name in ("maximum", "minimum") if name in field]


@spec("WG1-02 3.2 n", "WG1-02 3.8 c")
@pytest.mark.parametrize("scope", ["cds_service_contracts", "cds_usage"])
def test_scopes_work_up_to_their_limits(acme, scope):
    """Each field takes the ends of its range, every choice and what else its format has."""
    # A scope to merge with and fixed requests depend on the rest of the request.
    described = scopes()[scope]["authorization_details_fields_supported"]
    tried = {f["id"]: within(f) for f in described if f["id"] != "merge_selection_with"}
    assert sum(map(len, tried.values())) > 40
    for field, values in tried.items():
        for value in values:
            assert ask(acme, scope, field, value) == 201, (field, str(value)[:40])
    assert AuthorizationRequest.objects.count() == sum(map(len, tried.values()))


@spec("WG1-02 3.2 n", "WG1-02 3.8 c")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contract_numbers", ["x" * 10_000, "x" * 10_001]),
        ("contract_numbers", [""]),
        ("segment_start", "P3Y1D"),
        ("expires", "PT1H"),
        ("meter_types", ["sundial"]),
        ("include_meter_numbers", "true"),
    ],
)
def test_scopes_do_not_work_past_their_limits(acme, field, value):
    """A list counts the characters of all its strings together."""
    assert ask(acme, "cds_usage", field, value) == 400


@spec("WG1-02 3.2 n")
def test_two_ids_of_a_type_have_limits_of_their_own(acme):
    """The wider one does not widen the other."""
    usage = current_offers()["cds_usage"]
    start = next(entry for entry in usage.fields if entry.id == "segment_start")
    others = [o for o in current_offers().values() if o.id != "cds_client_admin"]
    short = replace(usage.with_field(replace(start, maximum="P2Y")), id="cds_usage_gas")
    load_offers([*others, short])
    acme.app.scopes = [*acme.app.scopes, "cds_usage_gas"]
    acme.app.save()
    for scope, value, status in (
        ("cds_usage", "P3Y", 201),
        ("cds_usage_gas", "P2Y", 201),
        ("cds_usage_gas", "P3Y", 400),
    ):
        assert ask(acme, scope, "segment_start", value) == status
