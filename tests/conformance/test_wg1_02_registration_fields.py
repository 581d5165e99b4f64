"""CDS-WG1-02 3.4, 3.5, 3.7 and 4.1: registration fields."""

import base64
import json
from dataclasses import replace

import pytest
from rest_framework.test import APIClient

from registration.catalogue.offers import UNSET
from registration.errors import OffersInvalid
from registration.fields.standard import standard_fields
from registration.fields.types import FieldType, RegistrationField, ValueFormat
from registration.models import Registration
from registration.models.field import RegistrationFile
from registration.services.catalogue.fields import set_field
from tests.registration.onboarding_support import PDF, offer_with, picture, refusal, register
from tests.registration.schemas import problems

pytestmark = pytest.mark.django_db

FLOWS = (
    "internal_review",
    "email_verification",
    "terms_form",
    "agreement_pdf",
    "registration_fee",
    "customer_sign_in",
)
OPTIONAL = ("regulator_page", "company_kind", "company_registration_pdf", "purposes")


def metadata():
    """The public authorization server metadata."""
    return APIClient().get("/.well-known/oauth-authorization-server").json()


def add_field(field_id, format_, **settings):
    """Describe one more field."""
    field = RegistrationField(
        id=field_id,
        type=FieldType.REGISTRATION_FIELD,
        name=field_id,
        description=f"The {field_id}.",
        field_name=f"cds_{field_id}",
        format=ValueFormat(format_),
        **settings,
    )
    set_field(field=field, by="staff")


@pytest.mark.spec("WG1-02 3.4 d")
def test_referenced_fields_are_described():
    """And nothing else is: a field that no scope names does not concern anyone."""
    offer_with(*FLOWS, optional=OPTIONAL)
    document = metadata()
    described = document["cds_scope_descriptions"]["cds_usage"]
    named = {*described["registration_requirements"], *described["registration_optional"]}
    others = {
        name
        for scope in document["cds_scope_descriptions"].values()
        for name in (*scope["registration_requirements"], *scope["registration_optional"])
    }
    assert named == {*FLOWS, *OPTIONAL}
    assert set(document["cds_registration_fields"]) == named | others


@pytest.mark.spec("WG1-02 3.5 a", "WG1-02 3.5 b", "WG1-02 3.5 c")
def test_field_objects():
    """id equals the key; field_name starts with cds_ (decision 21); a documentation page exists."""
    offer_with(*FLOWS, optional=OPTIONAL)
    page = APIClient().get("/onboarding/")
    for key, field in metadata()["cds_registration_fields"].items():
        assert problems("RegistrationField", field) == []
        assert field["id"] == key
        assert field.get("field_name", "cds_").startswith("cds_")
        assert field["documentation"] == f"http://testserver/onboarding/#{key}"
        assert f'id="{key}"' in page.content.decode()


@pytest.mark.spec("WG1-02 3.6 b")
def test_submitted_fields_have_name_and_format():
    """Every one that the portal brings along; optional ones have a default besides."""
    kinds = standard_fields()
    offer_with(
        *(field_id for field_id, field in kinds.items() if field.default is UNSET),
        optional=tuple(field_id for field_id, field in kinds.items() if field.default is not UNSET),
    )
    fields = metadata()["cds_registration_fields"]
    assert {field["type"] for field in fields.values()} == {kind.value for kind in FieldType}
    for field_id, field in fields.items():
        is_submitted = field["type"] == "registration_field"
        assert ("field_name" in field) is ("format" in field) is is_submitted
        if is_submitted:
            assert ("default" in field) is (kinds[field_id].default is not UNSET)


@pytest.mark.spec("CDS-WG1-02", "3.5", "a default is for fields that a scope lists as optional")
def test_defaults():
    """It is used in place of a value that was not sent (pull request 16)."""
    offer_with(optional=("company_kind",))
    assert metadata()["cds_registration_fields"]["company_kind"]["default"] is None
    assert register().fields == {"company_kind": None}


@pytest.mark.spec("CDS-WG1-02", "3.5", "a default is for fields that a scope lists as optional")
def test_a_default_alone_makes_no_field_optional():
    """A scope that requires the field requires it, whatever another one says (pull request 16)."""
    offer_with("company_kind")
    assert refusal()["field"] == "cds_company_kind"
    assert register(cds_company_kind="person").fields == {"company_kind": "person"}
    both = "cds_client_admin cds_usage cds_usage_reviewed"
    assert "default" in metadata()["cds_registration_fields"]["company_kind"]
    assert refusal(scope=both)["field"] == "cds_company_kind"


@pytest.mark.spec("CDS-WG1-02", "3.6", "an optional field has a default")
def test_optional_fields_without_default_cannot_be_offered():
    """Whether the scope or the field is changed last."""
    with pytest.raises(OffersInvalid, match="company_address needs a default"):
        offer_with(optional=("company_address",))
    offer_with(optional=("company_kind",))
    kind = standard_fields()["company_kind"]
    with pytest.raises(OffersInvalid, match="company_kind needs a default"):
        set_field(field=replace(kind, default=UNSET), by="staff")


@pytest.mark.spec("CDS-WG1-02", "3.5", "choices are an empty list where null is the only one")
def test_null_as_the_only_choice():
    """A utility may keep the field while it has nothing to choose from (pull request 16)."""
    add_field("plan", "choice_list_or_null", default=None)
    offer_with(optional=("plan",))
    assert metadata()["cds_registration_fields"]["plan"]["choices"] == []
    assert refusal(cds_plan=[])["field"] == "cds_plan"
    assert register(cds_plan=None).fields == {"plan": None}


@pytest.mark.spec("WG1-02 3.6 c")
def test_payment_fields():
    """As a decimal."""
    offer_with("registration_fee")
    field = metadata()["cds_registration_fields"]["registration_fee"]
    assert (field["amount"], field["currency"]) == (100, "USD")


@pytest.mark.spec("WG1-02 3.4 c", "WG1-02 3.6 a")
def test_required_field_is_missing():
    """The error names the field, what it is, the scope and where to read about it."""
    offer_with("company_address")
    error = refusal()
    assert error["field"] == "cds_company_address"
    assert "cds_usage" in error["error_description"]
    assert "/onboarding/#company_address" in error["error_description"]
    assert not Registration.objects.exists()


@pytest.mark.spec("WG1-02 3.6 a")
def test_fields_of_other_scopes_are_not_asked():
    """Neither required nor read (unknown fields are ignored, RFC 7591 2)."""
    offer_with("company_address")
    registration = register(scope="cds_client_admin cds_service_contracts", cds_company_address=7)
    assert registration.fields == {}


@pytest.mark.spec("CDS-WG1-02", "4.1", "fields travel under their field_name")
def test_submitted_fields_are_kept():
    """Under the id of the field."""
    offer_with("company_address", "security_email", optional=OPTIONAL)
    registration = register(
        cds_company_address="1 Main St",
        cds_security_email="sec@solar.example",
        cds_regulator_page="https://regulator.example/solar",
        cds_company_kind="company",
    )
    assert registration.fields == {
        "company_address": "1 Main St",
        "security_email": "sec@solar.example",
        "regulator_page": "https://regulator.example/solar",
        "company_kind": "company",
        "company_registration_pdf": None,
        "purposes": None,
    }


VALUES = {
    "string": ("words", 7),
    "url": ("https://solar.example/", "http://solar.example/"),
    "email": ("ops@solar.example", "ops"),
    "boolean": (True, "true"),
    "image": (base64.b64encode(picture()).decode(), base64.b64encode(PDF).decode()),
    "pdf": (base64.b64encode(PDF).decode(), base64.b64encode(picture()).decode()),
    "purposes": (
        [{"id": "", "name": "n", "content": "c", "related_uri": None, "scopes_supported": []}],
        [{"id": "x", "name": "n", "content": "c", "related_uri": None, "scopes_supported": []}],
    ),
}


@pytest.mark.spec("WG1-02 3.5 d", "WG1-02 3.7 a")
@pytest.mark.parametrize("format_", VALUES)
def test_formats(format_):
    """Right values are taken, wrong ones refused by the field's name, null only where it may be."""
    add_field("one", format_)
    add_field("maybe", f"{format_}_or_null")
    offer_with("one", "maybe")
    right, wrong = VALUES[format_]
    register(cds_one=right, cds_maybe=right)
    register(cds_one=right, cds_maybe=None)
    assert refusal(cds_one=wrong, cds_maybe=right)["field"] == "cds_one"
    assert refusal(cds_one=right, cds_maybe=wrong)["field"] == "cds_maybe"
    assert refusal(cds_one=None, cds_maybe=right)["field"] == "cds_one"


@pytest.mark.spec("CDS-WG1-02", "3.5", "max_length and max_size")
def test_limits():
    """max_size counts before Base64; both are published where set."""
    add_field("short", "string", max_length=3)
    add_field("paper", "pdf", max_size=len(PDF))
    offer_with("short", "paper")
    fields = metadata()["cds_registration_fields"]
    assert (fields["short"]["max_length"], fields["paper"]["max_size"]) == (3, len(PDF))
    paper = base64.b64encode(PDF).decode()
    register(cds_short="abc", cds_paper=paper)
    assert refusal(cds_short="abcd", cds_paper=paper)["field"] == "cds_short"
    larger = base64.b64encode(PDF + b"\n").decode()
    assert refusal(cds_short="abc", cds_paper=larger)["field"] == "cds_paper"


def test_files_are_kept_as_files():
    """Nothing of them is in the row but a reference."""
    offer_with(optional=("company_registration_pdf",))
    registration = register(cds_company_registration_pdf=base64.b64encode(PDF).decode())
    stored = RegistrationFile.objects.get(registration=registration)
    assert stored.content.read() == PDF
    assert registration.fields["company_registration_pdf"] == {
        "file_id": stored.file_id,
        "mime_type": "application/pdf",
        "size": len(PDF),
    }


def test_purposes():
    """Only where a scope can show them."""
    offer_with(optional=("purposes",), scope="cds_usage_reviewed")
    right, _ = VALUES["purposes"]
    registration = register(scope="cds_client_admin cds_usage_reviewed", cds_purposes=right)
    consent = registration.clients.get(response_types=["code"])
    assert "c" in {purpose["content"] for purpose in consent.purposes.values()}
    json.dumps(consent.purposes)
