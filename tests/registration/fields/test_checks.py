"""What staff cannot make a registration field (CDS-WG1-02 3.5)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from registration.errors import InvalidClientMetadata, OffersInvalid
from registration.fields.checks import check_field, check_fields
from registration.fields.standard import standard_fields
from registration.fields.types import (
    FieldChoice,
    FieldType,
    RegistrationField,
    ValueFormat,
    describe,
    from_json,
    to_json,
)
from registration.fields.values import check_value
from registration.models.field import OfferedRegistrationField
from registration.services.catalogue.fields import current_fields, set_field
from tests.registration.schemas import problems

FIELD = RegistrationField(
    id="vat",
    type=FieldType.REGISTRATION_FIELD,
    name="VAT number",
    description="The VAT number.",
    field_name="cds_vat",
    format=ValueFormat.STRING,
)
FEE = RegistrationField(
    id="fee",
    type=FieldType.PAYMENT_REQUIRED,
    name="Fee",
    description="A fee.",
    amount=Decimal("9.50"),
    currency="EUR",
)


def test_the_standard_fields_obey():
    """All of them, and together."""
    assert check_fields(standard_fields()) == []


@pytest.mark.parametrize("field", [*standard_fields().values(), FIELD, FEE], ids=lambda f: f.id)
def test_described_as_the_standard_says(field):
    """Metadata objects match the schema, and rows bring back what went in."""
    described = describe(field, "https://data.example.com/onboarding/#x", is_optional=True)
    described |= {"amount": 9.5} if "amount" in described else {}
    assert problems("RegistrationField", described) == []
    assert from_json(field.id, to_json(field)) == field


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        (replace(FIELD, field_name="vat"), "must start with cds_"),
        (replace(FIELD, field_name="cds_"), "must start with cds_"),
        (replace(FIELD, field_name="cds_status"), "another meaning"),
        (replace(FIELD, format=None), "a format is needed"),
        (replace(FIELD, default=7), "default does not match the format"),
        (replace(FIELD, default=None), "default does not match the format"),
        (replace(FIELD, max_size=3), "max_size is only for"),
        (replace(FIELD, max_length=0), "at least 1"),
        (replace(FIELD, format=ValueFormat.CHOICE), "at least one choice"),
        (replace(FIELD, format=ValueFormat.CHOICE_LIST), "at least one choice"),
        (replace(FIELD, choices=(FieldChoice(id="a", name="A"),)), "only for choice formats"),
        (
            replace(FIELD, format=ValueFormat.CHOICE, choices=(FieldChoice(id="a", name="A"),)),
            "choice a needs a name and a description",
        ),
        (replace(FIELD, format=ValueFormat.PDF, default="x"), "default of a file can only be null"),
        (replace(FIELD, name=" "), "a name"),
        (replace(FIELD, id="a b"), "the id"),
        (replace(FEE, amount=None), "amount"),
        (replace(FEE, amount=Decimal(0)), "amount"),
        (replace(FEE, currency="euro"), "currency"),
        (replace(FEE, field_name="cds_fee"), "only fields of the type"),
        (replace(FEE, type=FieldType.ONLINE_FORM), "needs a body"),
    ],
)
def test_broken_fields(field, rule):
    """Each sentence says which field and what."""
    found = check_field(field)
    assert any(rule in problem for problem in found), found
    assert all(problem.startswith(f"{field.id}: ") for problem in found)


@pytest.mark.parametrize(
    "format_", [ValueFormat.CHOICE_OR_NULL, ValueFormat.CHOICE_LIST_OR_NULL], ids=str
)
def test_null_may_be_the_only_choice(format_):
    """CDS-WG1-02 3.5 as pull request 16 words it: the list is there, and empty."""
    field = replace(FIELD, format=format_, max_length=None, default=None)
    assert check_field(field) == []
    assert describe(field, "https://x.example/", is_optional=True)["choices"] == []
    assert check_value(field, None) is None
    with pytest.raises(InvalidClientMetadata, match=r"null|at least one"):
        check_value(field, "a" if format_ is ValueFormat.CHOICE_OR_NULL else [])


def test_choices_are_described_in_full():
    """CDS-WG1-02 3.10: choices of registration fields are the same objects as all others."""
    (choice, *_) = describe(
        standard_fields()["company_kind"], "https://x.example/#kind", is_optional=True
    )["choices"]
    assert choice.keys() == {"id", "name", "description", "documentation"}
    assert choice["documentation"] == "https://x.example/#kind"


def test_a_default_is_published_where_it_counts():
    """Only a scope that lists the field as optional makes it one that may be left out."""
    kind = standard_fields()["company_kind"]
    url = "https://x.example/"
    assert "default" in describe(kind, url, is_optional=True)
    assert "default" not in describe(kind, url, is_optional=False)


def test_two_fields_of_one_name():
    """Nobody could tell which of them was sent."""
    assert check_fields({"vat": FIELD, "vat2": replace(FIELD, id="vat2")}) == [
        "two fields are submitted as cds_vat"
    ]


@pytest.mark.django_db
def test_staff_add_and_change_fields():
    """A row of the same id takes the place of a standard field."""
    set_field(field=FIELD, by="staff")
    set_field(field=replace(standard_fields()["company_address"], max_length=10), by="staff")
    assert current_fields()["vat"] == FIELD
    assert current_fields()["company_address"].max_length == 10
    with pytest.raises(OffersInvalid, match="cds_"):
        set_field(field=replace(FIELD, field_name="vat"), by="staff")
    assert OfferedRegistrationField.objects.count() == 2
