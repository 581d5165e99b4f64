"""Offers that the specifications forbid are found before they are published."""

from dataclasses import replace

import pytest

import consent.catalogue
from consent.catalogue.demo_offers import demo_offers
from registration.catalogue.checks import check_offer, check_offers, unknown_registration_fields
from registration.catalogue.formats import FieldFormat
from registration.catalogue.offers import Choice, FieldOffer, ScopeOffer, describe
from registration.catalogue.types import fields, scope_types
from tests.registration.support import DocsUrls

USAGE = "cds_usage"


@pytest.fixture(autouse=True)
def registered_consent_entries():
    """Most rules only bite on scopes that ask the customer."""
    consent.catalogue.register()


@pytest.fixture
def usage():
    return demo_offers()[USAGE]


def without(offer, *field_ids):
    return replace(
        offer, fields=tuple(entry for entry in offer.fields if entry.id not in field_ids)
    )


def value_types(*format_ids: object) -> FieldOffer:
    """Return choices of value types whose formats have these ids."""
    return FieldOffer(
        id="include_usage_segment_value_types",
        choices=tuple(
            Choice(
                id=f"c{number}",
                name="A",
                description="A",
                usagesegment_format={"id": format_id} if format_id is not None else {},
            )
            for number, format_id in enumerate(format_ids)
        ),
    )


def test_the_demo_offers_are_sound():
    """They are what everyone starts from."""
    assert check_offers(demo_offers(coverages=("coverage-1",))) == []


@pytest.mark.parametrize("scope_type", ["cds_client_admin", "cds_grant_admin"])
def test_admin_scopes_need_no_settings(scope_type):
    """All of their description is fixed."""
    assert check_offer(ScopeOffer(id=scope_type, type=scope_type)) == []


@pytest.mark.spec("WG3-01 6.1.* c", "WG3-01 6.2.* c", "WG3-01 7.4.1 c", "WG3-01 7.4.5 d")
def test_every_required_field_of_every_scope_type_is_missed():
    """CDS-WG3-01 6: nothing of the lists may be left out."""
    for scope_type in scope_types().values():
        if scope_type.kind.value not in {"customer_consent", "direct_access"}:
            continue
        problems = " ".join(check_offer(ScopeOffer(id="x", type=scope_type.type)))
        missed = [name for name in scope_type.fields_required if f"offer {name}" not in problems]
        assert missed == []


@pytest.mark.spec(
    "WG3-01 6.1.* e", "WG3-01 7.1.13 i", "WG3-01 7.4.2 i", "WG3-01 7.4.4 i", "WG3-01 7.4.5 i"
)
def test_every_forbidden_field_of_every_scope_type_is_found():
    """CDS-WG3-01 6: nothing of these lists may be offered."""
    for scope_type in scope_types().values():
        entries = tuple(FieldOffer(id=name) for name in scope_type.fields_forbidden)
        problems = check_offer(ScopeOffer(id="x", type=scope_type.type, fields=entries))
        found = [name for name in scope_type.fields_forbidden if f"x: {scope_type.type} must not "
                 f"offer {name}" in problems]  # fmt: skip
        expected = set(scope_type.fields_forbidden)
        if scope_type.type == "cds_query_aggregations":
            # CDS-WG3-01 4.11 demands what 7.1.13 forbids.
            expected.discard("addresses")
        assert set(found) == expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "cds_unknown"}, "unknown scope type"),
        ({"id": "two words"}, "one word"),
        ({"auth_methods": ("private_key_jwt",)}, "unknown client authentication"),
        ({"auth_methods": ()}, "at least one client authentication method"),
        (
            {"registration_requirements": ("a",), "registration_optional": ("a",)},
            "both required and optional",
        ),
    ],
)
def test_it_checks_the_scope_itself(usage, change, words):
    """Rules of CDS-WG1-02 3.4 that a form cannot express."""
    assert any(words in problem for problem in check_offer(replace(usage, **change)))


@pytest.mark.spec("WG3-01 5.2 a", "WG3-01 7.2.8.1 h")
@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (FieldOffer(id="segment_start", maximum="three years"), "contradict each other"),
        (FieldOffer(id="segment_start", maximum=3), "contradict each other"),
        (FieldOffer(id="segment_start", minimum="P4Y", maximum="P3Y"), "contradict each other"),
        (FieldOffer(id="segment_start", maximum="P3Y", default="P4Y"), "the default of"),
        (FieldOffer(id="segment_start", default=None), "the default of"),
        (FieldOffer(id="contract_numbers", maximum="infinite"), "contradict each other"),
        (FieldOffer(id="contract_numbers", is_required=True), "cannot be required"),
        (FieldOffer(id="contract_numbers", format=FieldFormat.BOOLEAN), "cannot have the format"),
        (FieldOffer(id="authorization_form_selection_type"), "at least one choice"),
        (
            FieldOffer(
                id="service_types", choices=(Choice(id="a", name="A", description="A"),) * 2
            ),
            "same choice twice",
        ),
        (
            FieldOffer(
                id="service_types",
                choices=(
                    Choice(id="a", name="A", description="A", usagesegment_format={"id": "a"}),
                ),
            ),
            "must not have a usagesegment_format",
        ),
        (
            FieldOffer(
                id="include_usage_segment_value_types",
                default=(),
                choices=(Choice(id="a", name="A", description="A"),),
            ),
            "needs a usagesegment_format",
        ),
        (value_types(None), "choice c0 needs an id"),
        (value_types("a", 5), "choice c1 needs an id"),
        (value_types("a", "b", "a"), "usagesegment_format id a is used twice"),
        (
            FieldOffer(
                id="authorization_form_selection_type",
                choices=(Choice(id="menu_selection", name="A", description="A"),),
            ),
            "does not support menu_selection",
        ),
    ],
)
def test_it_checks_each_field(usage, entry, words):
    """Rules of CDS-WG1-02 3.8 and 3.10."""
    assert any(words in problem for problem in check_offer(usage.with_field(entry)))


def test_null_may_be_the_only_choice(usage):
    """CDS-WG1-02 3.8 as pull request 16 words it: the list of choices is there, and empty."""
    bare = FieldOffer(id="service_types")
    assert check_offer(usage.with_field(bare)) == []
    (described,) = [
        field
        for field in describe(usage.with_field(bare), DocsUrls("https://x.example"))[
            "authorization_details_fields_supported"
        ]
        if field["id"] == "service_types"
    ]
    assert (described["choices"], described["default"]) == ([], None)


@pytest.mark.spec("WG3-01 6.1.9 n")
def test_a_selection_brings_its_fields(usage):
    """CDS-WG3-01 6.1.9: services can only be listed with the fields about them."""
    problems = check_offer(without(usage, "include_contract_numbers", "sync_until"))
    assert [problem for problem in problems if "service_contract_selection needs" in problem] == [
        "cds_usage: service_contract_selection needs the field sync_until",
        "cds_usage: service_contract_selection needs the field include_contract_numbers",
    ]


def test_a_field_appears_once(usage):
    """Two entries would publish two truths."""
    doubled = replace(usage, fields=(*usage.fields, usage.fields[0]))
    assert check_offer(doubled) == ["cds_usage: field account_numbers is listed twice"]


def test_unknown_fields_are_named(usage):
    """A field without a declaration has no behaviour."""
    offer = replace(usage, fields=(*usage.fields, FieldOffer(id="include_weather")))
    assert check_offer(offer) == ["cds_usage: unknown field include_weather"]


def test_files_need_a_grant_admin_scope_and_a_fixed_name():
    """CDS-WG1-02 3.3.3."""
    offer = ScopeOffer(id="files", type="cds_server_provided_files", name="Papers", auth_methods=())
    assert len(check_offer(offer)) == 2


def test_the_grant_admin_scope_must_be_offered(usage):
    """CDS-WG1-02 3.4: the reference must lead somewhere."""
    assert check_offers({USAGE: usage}) == [
        "cds_usage: grant admin scope cds_grant_admin_1 is not offered"
    ]


def test_an_offer_is_kept_under_its_own_id(usage):
    """CDS-WG1-02 3.4: the id equals its key."""
    offers = demo_offers() | {"other": usage}
    assert any("differs from its id" in problem for problem in check_offers(offers))


def test_direct_scopes_cannot_be_public():
    """A client without secret cannot use client_credentials."""
    offer = ScopeOffer(id="x", type="cds_query_accounts", auth_methods=("none",))
    assert any("without a client secret" in problem for problem in check_offer(offer))


def test_registration_fields_must_be_described():
    """CDS-WG1-02 3.4: every requirement has an entry in cds_registration_fields."""
    offer = ScopeOffer(
        id="x", type=USAGE, registration_requirements=("b", "a"), registration_optional=("c",)
    )
    assert unknown_registration_fields([offer], ["c"]) == ["a", "b"]


def test_every_declared_field_has_words_for_everyone():
    """Metadata, docs and the consent page all draw from the declaration."""
    for entry in fields().values():
        assert all((entry.name, entry.description, str(entry.label), str(entry.explanation)))
        assert entry.example
