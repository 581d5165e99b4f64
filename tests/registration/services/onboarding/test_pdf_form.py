"""Blank PDF forms: what they say can be read, in whatever language the names are."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from registration.fields.types import FieldType, RegistrationField
from registration.services.onboarding.pdf_form import blank_form

BOX = "\u25a1"
FONT_FILE = "/FontFile2"


def form(*body: str, company: str = "Solar") -> PdfReader:
    """Draw a form and open it."""
    field = RegistrationField(
        id="agreement",
        type=FieldType.PDF_FORM,
        name="Convention d\u2019acc\u00e8s",
        description="A form.",
        body=body,
    )
    content = blank_form(field=field, utility="Demo Gas", company=company, reference="REQ-1")
    return PdfReader(io.BytesIO(content))


def lines(pdf: PdfReader) -> list[str]:
    """Return what the first page says."""
    return pdf.pages[0].extract_text().splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "Der Betrag von 1.234,50 € \u2013 oder mehr — ist „fällig“",
        "Le montant : 1\u202f234,50\u00a0€",
        "Łódź, Ștefan, Dvořák, Åse, Œuvre, Việt Nam",
        "Ελλάδα, Київ, Հայաստան, საქართველო",
        "\u2018one\u2019 “two” … § ½ ₹ £ ¥",
    ],
)
def test_languages_of_the_embedded_font(text):
    """What every reader can show without it ends at Latin-1, which has no euro sign."""
    page = " ".join(" ".join(lines(form(text))).split())
    assert " ".join(text.split()) in page


def test_the_font_is_embedded():
    """Nobody's computer has to have it."""
    objects = [form("x").get_object(number) for number in range(1, 12)]
    assert [each for each in objects if isinstance(each, DictionaryObject) and FONT_FILE in each]


@pytest.mark.parametrize(
    ("company", "shown"),
    [
        ("太陽 Solar", f"{BOX * 2} Solar"),
        ("שמש Solar", f"{BOX * 3} Solar"),
        ("شمس Solar", f"{BOX * 3} Solar"),
        ("A\u0007B\u200bC", f"A{BOX}BC"),
        ("Cafe\u0301\nSolar", "Caf\u00e9"),
    ],
)
def test_what_the_font_lacks_is_seen(company, shown):
    """A box says that something was there; letters in the wrong order would say something else."""
    assert f"For: {shown}" in lines(form("x", company=company))


def test_names_in_the_title():
    """Programs show it above the page."""
    metadata = form("x").metadata
    assert metadata is not None
    assert metadata.title == "Convention d\u2019acc\u00e8s"


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=40), st.text(max_size=300))
def test_any_text_gives_a_form(company, paragraph):
    """Names come from strangers."""
    assert "Company" in lines(form(paragraph, company=company))
