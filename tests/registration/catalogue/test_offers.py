"""Offers and the scope descriptions made of them (CDS-WG1-02 3.4)."""

import json

import pytest

from registration.catalogue.formats import FieldFormat
from registration.catalogue.offers import (
    Choice,
    FieldOffer,
    ScopeOffer,
    anchor,
    describe,
    fields_from_json,
    fields_to_json,
    offered_fields,
)
from tests.registration.support import DocsUrls

URLS = DocsUrls("https://utility.test/")
FILES = ScopeOffer(
    id="cds_server_provided_files_1",
    type="cds_server_provided_files",
    grant_admin_scope="cds_grant_admin_1",
    auth_methods=(),
)


def test_documentation_points_at_the_anchor_of_the_scopes_page():
    """Metadata and docs page use one function, so that links cannot break."""
    assert URLS.documentation("cds_usage") == "https://utility.test/docs/scopes/cds_usage/"
    assert (
        URLS.documentation("cds_usage", anchor("service_types", "electric"))
        == "https://utility.test/docs/scopes/cds_usage/#service_types--electric"
    )


def test_an_anchor_is_a_plain_html_id():
    """Choice ids are free text of the utility."""
    assert anchor("purpose", "a b/ö") == "purpose--a-b--"


def test_fixed_fields_need_no_settings():
    """CDS-WG1-02 3.3.3: file_id comes with the scope type, bounds included."""
    field = offered_fields(FILES)["file_id"]
    assert (field.format, field.is_required, field.maximum, field.minimum) == (
        FieldFormat.STRING,
        True,
        1000,
        1,
    )


def test_fixed_values_win_over_the_offer():
    """Staff may write any name; what the standard fixes stays as it is."""
    offer = ScopeOffer(
        id="cds_client_admin", type="cds_client_admin", name="Mine", coverages=("x",)
    )
    described = describe(offer, URLS)
    assert (described["name"], described["coverages_supported"]) == ("Client Admin", [])


def test_several_file_scopes_can_have_names():
    """CDS-WG1-02 3.3.3: a suffix tells them apart."""
    offer = ScopeOffer(
        id="cds_server_provided_files_2",
        type="cds_server_provided_files",
        name="Server-Provided Files: Contracts",
    )
    assert describe(offer, URLS)["name"] == "Server-Provided Files: Contracts"


def test_settings_survive_the_way_to_json_and_back():
    """Rows keep settings as JSON; unset and null are two things."""
    entries = (
        FieldOffer(id="client_id"),
        FieldOffer(id="grant_id", default=None, maximum=5, minimum=1, is_required=False),
        FieldOffer(
            id="file_id",
            format=FieldFormat.STRING,
            default=("a", "b"),
            name="File",
            description="A file",
            choices=(
                Choice(id="a", name="A", description="First", documentation="https://a.test/"),
                Choice(id="b", name="B", description="Second", usagesegment_format={"id": "b"}),
            ),
        ),
    )
    assert fields_from_json(json.loads(json.dumps(fields_to_json(entries)))) == entries


def test_unknown_settings_are_refused():
    """A mistyped key must not be dropped in silence."""
    with pytest.raises(TypeError):
        fields_from_json([{"id": "file_id", "maximun": 5}])


def test_one_field_can_be_replaced():
    """Purposes differ by client (CDS-WG3-01 7.4.4)."""
    offer = ScopeOffer(
        id="x", type="cds_grant_admin", fields=(FieldOffer(id="a"), FieldOffer(id="b"))
    )
    changed = offer.with_field(FieldOffer(id="b", name="New"))
    assert [entry.name for entry in changed.fields] == ["", "New"]
