"""What the declaration of a kind holds; all else about the kind derives from it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from django.db.models import Q, QuerySet

from customerdata.kinds.state import State
from customerdata.models import BillFile, GrantedObject
from customerdata.models.base import Identity, Version
from portal.http.listing import Order

Name = GrantedObject.Kind
NOTHING: frozenset[int] = frozenset()


class Sees(Protocol):
    """What one token may see, as far as filters and wire forms ask (access.reading.Reader)."""

    def field_matches(self, kind: str, field_id: str, condition: Q) -> Q:
        """Objects of a kind whose visible value of an optional field matches a condition."""

    def account_number_matches(self, condition: Q) -> Q:
        """Service contracts whose visible account number matches a condition."""

    def visible_ids(self, kind: str, keys: Collection[int]) -> dict[int, str]:
        """The public ids of those objects, by primary key, that the token may see."""

    def visible_keys(self, kind: str, ids: Sequence[str]) -> list[int]:
        """The primary keys of those objects, by public id, that the token may see."""

    def visible_rows(self, kind: str) -> QuerySet[Any]:
        """The versions whose required fields the token sees: one per visible object of a kind."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a token sees of one object: the version of its required fields, and for each enabled
    include field the version of its optional fields with the instant it was read as of.

    The required fields were read as of `instant`, which is the latest of all."""

    base: Any
    optional: Mapping[str, tuple[Any, datetime]]
    instant: datetime

    def at(self, field_id: str) -> Any:
        """Return the version that an include field's values are read from, None when hidden."""
        found = self.optional.get(field_id)
        return None if found is None else found[0]


@dataclass(frozen=True, slots=True)
class ReaderFilter:
    """One URL parameter whose condition depends on what the token may see (decision 55)."""

    name: str
    condition: Callable[[str, Sees], Q]


@dataclass(frozen=True, slots=True)
class Link:
    """A column of the versions that refers to objects of a kind: one key, or an array of them.

    With `hangs` the object belongs to what it refers to, and is shared and kept back with it.
    """

    column: str
    kind: str
    hangs: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One object as of an instant, as far as access depends on it.

    `arrived` is when it first came here, `links` are primary keys by column, and `days` the first
    and the last day that it is about.
    """

    customer: int
    public_id: str
    arrived: datetime
    number: str = ""
    links: Mapping[str, frozenset[int]] = field(default_factory=dict)
    days: tuple[date, date] | None = None

    def one(self, column: str) -> int | None:
        """Return the object that a column refers to, None when it refers to none."""
        return next(iter(self.links.get(column, NOTHING)), None)

    def any_of(self, columns: Collection[str]) -> frozenset[int]:
        """Return the objects that any of these columns refers to."""
        return NOTHING.union(*(self.links.get(column, NOTHING) for column in columns))


@dataclass(frozen=True, slots=True)
class Reaching:
    """What a kind's own rule of access starts from, for one entry of a Grant.

    `objects` are those of the kind. `accounts` and `contracts` are included by the customer's
    choice, and `by_account` says that it was made from accounts.
    """

    objects: Mapping[int, Facts]
    accounts: frozenset[int]
    contracts: frozenset[int]
    by_account: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """A kind of object with a listing of its own (CDS-WG3-01 10).

    `object_name` and `section` are the standard's, `include` is the field that turns the objects on
    (7.2), `metadata` the field that publishes the listing's URL (5), `related` the field of Usage
    Segments that refers to them (10.8.1; empty: none does).
    """

    name: str
    object_name: str
    section: str
    include: str
    metadata: str
    path: str
    envelope: str
    public_id: str
    related: str = ""
    more_metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VersionedKind(Kind):
    """A kind that is kept as identity rows with versions (`customerdata.models.base`).

    `owner` is the version's reference to its identity, `number` the column of what people call the
    object by, and `state` what a source says of it: its fields are columns of the version.
    `selection` is the selection that names objects of this kind (9.2.3), and usage is measured at
    `is_place`.
    `days` are the columns of the first and last day that an object is about, `window` the fields
    that bound these (7.3). `reached` is the kind's rule of access; kinds without one are the
    structure that `access.rules` follows.
    `order` comes before the id. Where it has a sort key, that is the smallest number that a token
    sees of the contracts in the column `sorted_by`. `represent` writes a page, and `file` returns
    the file of an object as far as a token may have it.
    """

    identity: type[Identity]
    version: type[Version]
    owner: str
    state: type[State]
    represent: Callable[[Sequence[Shown], Sees], list[Mapping[str, Any]]]
    filters: tuple[ReaderFilter, ...]
    order: tuple[Order, ...]
    number: str = ""
    sorted_by: str = ""
    links: tuple[Link, ...] = ()
    selection: str = ""
    is_place: bool = False
    days: tuple[str, str] | None = None
    window: tuple[str, str] | None = None
    reached: Callable[[Reaching], frozenset[int]] | None = None
    examples: Callable[[Any], Mapping[str, str]] | None = None
    file: Callable[[Shown], BillFile | None] | None = None

    @property
    def owner_id(self) -> str:
        """The version's column with the object's primary key."""
        return f"{self.owner}_id"

    @property
    def public_id_of_owner(self) -> str:
        """The public id as a lookup from versions."""
        return f"{self.owner}__{self.public_id}"

    @property
    def full_order(self) -> tuple[Order, ...]:
        """The order of the listing; the id breaks ties."""
        return (*self.order, Order(self.public_id_of_owner, False, str))
