"""The data formats of authorization details fields (CDS-WG1-02 3.9, CDS-WG3-01 7).

`check_value` is the only place that checks submitted values against the limits of an offer. Values
come and go as JSON: null, booleans, numbers, strings, lists (kept as tuples) and, for keys,
objects.
"""

import operator
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum

from portal.http.echoes import counted, echo
from portal.values import durations
from portal.values.durations import INFINITE, Direction
from portal.values.times import TimeFormatError
from registration.catalogue.jwk import JwkError, check_public_key


class FieldFormat(StrEnum):
    """Every format of CDS-WG1-02 3.9 and those of CDS-WG3-01 7.1, 7.2.8.1 and 7.4.4."""

    INT = "int"
    DECIMAL = "decimal"
    STRING = "string"
    STRING_OR_NULL = "string_or_null"
    STRING_LIST = "string_list"
    STRING_LIST_OR_NULL = "string_list_or_null"
    BOOLEAN = "boolean"
    DATE = "relative_or_absolute_date"
    DATETIME = "relative_or_absolute_datetime"
    CHOICE = "choice"
    CHOICE_OR_NULL = "choice_or_null"
    CHOICE_LIST = "choice_list"
    CHOICE_LIST_OR_NULL = "choice_list_or_null"
    JWK_OR_NULL = "jwk_or_null"

    @property
    def is_nullable(self) -> bool:
        return self.value.endswith("_or_null")

    @property
    def base(self) -> "FieldFormat":
        """The same format without null. Keys have no such format and stay unchanged."""
        if self is FieldFormat.JWK_OR_NULL:
            return self
        return FieldFormat(self.value.removesuffix("_or_null"))

    @property
    def has_choices(self) -> bool:
        return self.base in {FieldFormat.CHOICE, FieldFormat.CHOICE_LIST}

    @property
    def has_bounds(self) -> bool:
        """Whether maximum and minimum are published (CDS-WG1-02 3.8)."""
        return self.base in _BOUNDED

    @property
    def is_duration(self) -> bool:
        return self in {FieldFormat.DATE, FieldFormat.DATETIME}


_BOUNDED = frozenset(
    {
        FieldFormat.INT,
        FieldFormat.DECIMAL,
        FieldFormat.STRING,
        FieldFormat.STRING_LIST,
        FieldFormat.DATE,
        FieldFormat.DATETIME,
    }
)

_MAX_MOMENT = 64


class FormatError(ValueError):
    """A value violates its format; the message states the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an offer allows: bounds, choices, and special list entries in addition to the choices.

    `now` and `zone` turn relative bounds of dates into absolute ones.
    """

    maximum: object = None
    minimum: object = None
    choices: tuple[str, ...] = ()
    special_values: tuple[str, ...] = ()
    direction: Direction = Direction.ADD
    now: datetime = field(default_factory=lambda: datetime.now(tz=UTC))
    zone: tzinfo = UTC


def check_value(format_: FieldFormat, value: object, limits: Limits) -> object:
    """Return the value in canonical form. Raises FormatError with the rule that it violates."""
    if value is None:
        if format_.is_nullable:
            return None
        raise FormatError("must not be null")
    return _CHECKS[format_.base](value, limits)


def _int(value: object, limits: Limits) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise FormatError("must be an integer")
    _check_number(Decimal(value), limits, value)
    return value


def _decimal(value: object, limits: Limits) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise FormatError("must be a number")
    # The shortest text of a float is what the client wrote, without binary rounding errors.
    number = Decimal(str(value))
    if not number.is_finite():
        raise FormatError("must be a number")
    _check_number(number, limits, value)
    return number


def _check_number(number: Decimal, limits: Limits, sent: object) -> None:
    lowest, highest = limits.minimum, limits.maximum
    if lowest not in {None, INFINITE} and number < Decimal(str(lowest)):
        raise FormatError(f"must be at least {lowest}, not {echo(sent)}")
    if highest not in {None, INFINITE} and number > Decimal(str(highest)):
        raise FormatError(f"must be at most {highest}, not {echo(sent)}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise FormatError("must be a string")
    # NUL and half a surrogate pair cannot be stored, and no number or address has control
    # characters.
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\r\n" for char in value):
        raise FormatError("must not contain control characters")
    return value


def _check_length(length: int, limits: Limits, where: str, sent: object) -> None:
    for bound, word, is_broken in (
        (limits.minimum, "least", operator.lt),
        (limits.maximum, "most", operator.gt),
    ):
        if isinstance(bound, int) and is_broken(length, bound):
            raise FormatError(
                f"must have at {word} {counted(bound, 'character')}{where}, not {length}: "
                f"{echo(sent)}"
            )


def _string(value: object, limits: Limits) -> str:
    text = _text(value)
    _check_length(len(text), limits, "", value)
    return text


def _items(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise FormatError("must be an array of strings")
    if not value:
        raise FormatError(f"must have at least 1 item, not {echo(value)}")
    try:
        return tuple(dict.fromkeys(_text(item) for item in value))
    except FormatError as error:
        raise FormatError(f"must be an array of strings: each {error}") from error


def _string_list(value: object, limits: Limits) -> tuple[str, ...]:
    """Bounds count the characters of all strings together (CDS-WG1-02 3.8)."""
    items = _items(value)
    _check_length(sum(map(len, items)), limits, " in all its items combined", value)
    return items


def _boolean(value: object, limits: Limits) -> bool:
    if not isinstance(value, bool):
        raise FormatError("must be true or false")
    return value


def _choice(value: object, limits: Limits) -> str:
    text = _text(value)
    if text not in limits.choices:
        raise FormatError(f"{echo(text)} is not one of: {_listed(limits.choices)}")
    return text


def _choice_list(value: object, limits: Limits) -> tuple[str, ...]:
    allowed = (*limits.choices, *limits.special_values)
    items = _items(value)
    for item in items:
        if item not in allowed:
            raise FormatError(f"{echo(item)} is not one of: {_listed(allowed)}")
    return items


def _listed(choices: tuple[str, ...]) -> str:
    """Without choices, null is the only allowed value (CDS-WG1-02 3.8)."""
    return ", ".join(choices) or "null"


def _moment_text(value: object) -> str:
    text = _text(value)
    if len(text) > _MAX_MOMENT:
        raise FormatError(
            f"must have at most {_MAX_MOMENT} characters, not {len(text)}: {echo(text)}"
        )
    return text


def _date(value: object, limits: Limits) -> str:
    sent = text = _moment_text(value)
    try:
        text = durations.normalize_date_value(text)
        within = durations.date_within(
            text,
            minimum=str(limits.minimum),
            maximum=str(limits.maximum),
            now=limits.now,
            direction=limits.direction,
            zone=limits.zone,
        )
    except TimeFormatError as error:
        raise FormatError(
            f"must be a date, a duration in days or longer units, or infinite: {error}"
        ) from (error)
    if not within:
        raise FormatError(_outside(sent, limits))
    return text


def _datetime(value: object, limits: Limits) -> str:
    sent = text = _moment_text(value)
    try:
        text = durations.normalize_datetime_value(text, zone=limits.zone)
        within = durations.datetime_within(
            text,
            minimum=str(limits.minimum),
            maximum=str(limits.maximum),
            now=limits.now,
            direction=limits.direction,
            zone=limits.zone,
        )
    except TimeFormatError as error:
        raise FormatError(f"must be a datetime, a duration or infinite: {error}") from error
    if not within:
        raise FormatError(_outside(sent, limits))
    return text


def _outside(sent: str, limits: Limits) -> str:
    side = "before" if limits.direction is Direction.SUBTRACT else "after"
    return (
        f'"{sent}" is outside the limits: from {limits.minimum} to {limits.maximum} '
        f"{side} the authorization"
    )


def _jwk(value: object, limits: Limits) -> dict[str, object]:
    try:
        return check_public_key(value)
    except JwkError as error:
        raise FormatError(f"must be a public encryption key or null: {error}") from error


_CHECKS: Mapping[FieldFormat, Callable[[object, Limits], object]] = {
    FieldFormat.INT: _int,
    FieldFormat.DECIMAL: _decimal,
    FieldFormat.STRING: _string,
    FieldFormat.STRING_LIST: _string_list,
    FieldFormat.BOOLEAN: _boolean,
    FieldFormat.CHOICE: _choice,
    FieldFormat.CHOICE_LIST: _choice_list,
    FieldFormat.DATE: _date,
    FieldFormat.DATETIME: _datetime,
    FieldFormat.JWK_OR_NULL: _jwk,
}
