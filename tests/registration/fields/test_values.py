"""What each format of registration fields takes (CDS-WG1-02 3.7, CDS-WG3-01 5.1)."""

import base64
from typing import Any

import pytest

from registration.errors import InvalidClientMetadata
from registration.fields.files import SubmittedFile
from registration.fields.types import FieldChoice, FieldType, RegistrationField, ValueFormat
from registration.fields.values import check_value
from tests.registration.onboarding_support import PDF, picture


def field(format_, **settings):
    """A field of one format."""
    if ValueFormat(format_).has_choices:
        settings["choices"] = (FieldChoice(id="a", name="A"), FieldChoice(id="b", name="B"))
    return RegistrationField(
        id="x",
        type=FieldType.REGISTRATION_FIELD,
        name="X",
        description="X.",
        field_name="cds_x",
        format=ValueFormat(format_),
        **settings,
    )


def encoded(content):
    """Base64 as it travels."""
    return base64.b64encode(content).decode()


PURPOSE: dict[str, Any] = {
    "id": "",
    "name": "n",
    "content": "c",
    "related_uri": None,
    "scopes_supported": [],
}


@pytest.mark.parametrize(
    ("format_", "value", "kept"),
    [
        ("string", " words ", "words"),
        ("url", "https://a.example/x", "https://a.example/x"),
        ("email", "ops@a.example", "ops@a.example"),
        ("boolean", False, False),
        ("string_list", ["a", "b"], ["a", "b"]),
        ("choice", "a", "a"),
        ("choice_list", ["a", "a"], ["a"]),
        (
            "purposes",
            [PURPOSE],
            [{"name": "n", "content": "c", "related_uri": None, "related_name": None}],
        ),
    ],
)
def test_good_values(format_, value, kept):
    """Also where null would be possible."""
    assert check_value(field(format_), value) == kept
    assert check_value(field(f"{format_}_or_null"), value) == kept


@pytest.mark.parametrize("format_", [each for each in ValueFormat if not each.allows_null])
def test_null_only_where_the_format_says_so(format_):
    """The error names the field as it was sent."""
    assert check_value(field(f"{format_}_or_null"), None) is None
    with pytest.raises(InvalidClientMetadata, match="cds_x must not be null") as refused:
        check_value(field(format_), None)
    assert refused.value.field == "cds_x"


@pytest.mark.parametrize(
    ("format_", "value", "rule"),
    [
        ("string", 7, "must be a string"),
        ("string", "  ", "must not be empty"),
        ("string", "a\u202eb", "must not contain control"),
        ("url", "http://a.example", "https URL"),
        ("url", "https://me@a.example", "https URL"),
        ("url", "javascript:alert(1)", "https URL"),
        ("email", "nobody", "email address"),
        ("boolean", "true", "true or false"),
        ("boolean", 1, "true or false"),
        ("string_list", [], "1 to 200"),
        ("choice", "c", "one of: a, b"),
        ("choice", ["a"], "one of: a, b"),
        ("choice_list", [], "at least one"),
        ("image", 7, "Base64 string"),
        ("image", "####", "Base64"),
        ("image", "", "empty file"),
        ("image", encoded(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "PNG or JPEG"),
        ("image", encoded(PDF), "PNG or JPEG"),
        ("pdf", encoded(b"no pdf"), "PDF file"),
        ("purposes", [], "1 to 50"),
        ("purposes", [{**PURPOSE, "id": "mine"}], "the server assigns"),
        ("purposes", [{**PURPOSE, "scopes_supported": ["cds_usage"]}], "the server fills"),
        ("purposes", [{**PURPOSE, "content": " \n "}], "blank"),
        ("purposes", [{**PURPOSE, "related_uri": "https://a.example"}], "related_name"),
        (
            "purposes",
            [{**PURPOSE, "related_uri": "https://a.example", "related_name": "a\nb"}],
            "must not contain control",
        ),
        ("purposes", [{**PURPOSE, "related_uri": "http://a.example"}], "https URL"),
        ("purposes", ["x"], "objects"),
    ],
)
def test_bad_values(format_, value, rule):
    """Each error names the field and the rule."""
    with pytest.raises(InvalidClientMetadata, match=rule) as refused:
        check_value(field(format_), value)
    assert refused.value.field == "cds_x"
    assert refused.value.message.startswith("cds_x ")


def test_max_length_counts_characters():
    """One more is too many."""
    assert check_value(field("string", max_length=3), "äöü") == "äöü"
    with pytest.raises(InvalidClientMetadata, match="at most 3 characters"):
        check_value(field("string", max_length=3), "äöüx")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_images(kind):
    """Both types of the standard."""
    file = check_value(field("image"), encoded(picture(kind)))
    assert isinstance(file, SubmittedFile)
    assert file.mime_type == f"image/{kind.lower()}"


def test_max_size_counts_bytes_before_base64():
    """The text is a third longer than the file."""
    content = picture()
    assert check_value(field("image", max_size=len(content)), encoded(content))
    with pytest.raises(InvalidClientMetadata, match="before Base64"):
        check_value(field("image", max_size=len(content) - 1), encoded(content))
    assert check_value(field("pdf", max_size=len(PDF)), encoded(PDF))
    with pytest.raises(InvalidClientMetadata, match="before Base64"):
        check_value(field("pdf", max_size=len(PDF) - 1), encoded(PDF))


def test_a_gif_is_no_image_of_the_standard():
    """Only what is listed, whatever the library can read."""
    with pytest.raises(InvalidClientMetadata, match="PNG or JPEG"):
        check_value(field("image"), encoded(picture("GIF")))


def test_a_huge_picture_in_a_small_file_is_refused():
    """A decompression bomb is judged by its header."""
    with pytest.raises(InvalidClientMetadata, match="pixels"):
        check_value(field("image"), encoded(picture("PNG", (5000, 4000))))


@pytest.mark.parametrize(
    ("format_", "value", "words"),
    [
        (ValueFormat.STRING_LIST, [], "cds_x must have 1 to 200 items, not 0: []."),
        (
            ValueFormat.STRING_LIST,
            ["a"] * 201,
            "cds_x must have 1 to 200 items, not 201: ",
        ),
        (
            ValueFormat.STRING_LIST,
            ["y" * 10_001],
            "each item of cds_x must have at most 10000 characters, not 10001: ",
        ),
        (ValueFormat.STRING, "y" * 10_001, "cds_x must have at most 10000 characters, not 10001: "),
        (ValueFormat.CHOICE, "c", 'cds_x must be one of: a, b; not "c".'),
    ],
)
def test_an_error_names_what_is_counted_and_what_was_sent(format_, value, words):
    """A list holds items, each of which holds characters."""
    with pytest.raises(InvalidClientMetadata) as refusal:
        check_value(field(format_), value)
    assert refusal.value.message.startswith(words)
    assert len(refusal.value.message) < 250
