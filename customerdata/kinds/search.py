"""Conditions of the `q` parameter: case-insensitive "contains"."""

from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.functions import Cast

from portal.http.listing import InvalidFilter

_ESCAPES = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


class AnyItemContains(Func):
    """True if an item of a JSON array has, under a key, a text that matches a pattern."""

    # The order of the expressions: column, key, pattern.
    template = (
        "EXISTS (SELECT 1 FROM (VALUES (%(expressions)s)) AS asked(items, key, pattern),"
        " jsonb_array_elements(asked.items) AS item(object)"
        " WHERE item.object->>asked.key ILIKE asked.pattern)"
    )
    output_field = BooleanField()

    def __init__(self, column: str, key: str, text: str) -> None:
        pattern = f"%{text.translate(_ESCAPES)}%"
        super().__init__(F(column), _text(key), _text(pattern))


def _text(value: str) -> Cast:
    return Cast(Value(value), TextField())


def text_of(raw: str) -> str:
    """Return the search text. Raises InvalidFilter for characters that cannot be stored."""
    if "\x00" in raw:
        raise InvalidFilter("q contains a character that is not allowed.", field="q")
    return raw.strip()


def contains(text: str, *columns: str) -> Q:
    """Rows with a column that contains the text."""
    condition = Q()
    for column in columns:
        condition |= Q(**{f"{column}__icontains": text})
    return condition


def item_contains(text: str, column: str, key: str) -> Q:
    """Rows with a JSON array in which some object contains the text under `key`."""
    return Q(AnyItemContains(column, key, text))
