"""Words about registration fields."""

import pytest

from registration.fields.types import FieldType, RegistrationField, ValueFormat
from registration.pages.onboarding.presenters import field_help


@pytest.mark.parametrize(
    ("format_", "limit", "fact"),
    [
        ("string", {"max_length": 1}, "At most 1 character."),
        ("string", {"max_length": 2}, "At most 2 characters."),
        ("pdf", {"max_size": 1}, "At most 1 byte before Base64."),
        ("pdf", {"max_size": 2}, "At most 2 bytes before Base64."),
    ],
)
def test_limits_count_what_they_limit(format_, limit, fact):
    """One character is not several."""
    field = RegistrationField(
        id="x",
        type=FieldType.REGISTRATION_FIELD,
        name="X",
        description="X.",
        field_name="cds_x",
        format=ValueFormat(format_),
        **limit,
    )
    assert fact in field_help(field).facts
