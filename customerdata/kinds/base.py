"""The contents of a kind's declaration, from which everything else about the kind derives."""

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
    """What one token can see, as filters and wire forms need it (access.reading.Reader)."""

    def field_matches(self, kind: str, field_id: str, condition: Q) -> Q:
        """Objects of a kind with a visible value of an optional field that matches a condition."""

    def account_number_matches(self, condition: Q) -> Q:
        """Service contracts whose visible account number matches a condition."""

    def visible_ids(self, kind: str, keys: Collection[int]) -> dict[int, str]:
        """The public ids of the objects that the token can see, by primary key."""

    def visible_keys(self, kind: str, ids: Sequence[str]) -> list[int]:
        """The primary keys of the objects that the token can see, by public id."""

    def visible_rows(self, kind: str) -> QuerySet[Any]:
        """The versions whose required fields the token sees, one per visible object of a kind."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a token sees of one object: the version of its required fields, and for each enabled
    include field the version of its optional fields and the instant as of which it was read.

    The required fields were read as of `instant`, the latest of these instants."""

    base: Any
    optional: Mapping[str, tuple[Any, datetime]]
    instant: datetime

    def at(self, field_id: str) -> Any:
        """Return the version that supplies an include field's values, None if they are hidden."""
        found = self.optional.get(field_id)
        return None if found is None else found[0]


@dataclass(frozen=True, slots=True)
class ReaderFilter:
    """A URL parameter whose condition depends on what the token can see (decision 55)."""

    name: str
    condition: Callable[[str, Sees], Q]


@dataclass(frozen=True, slots=True)
class Link:
    """A column of the versions that refers to objects of a kind: one key, or an array of them.

    With `hangs`, the object belongs to what it refers to, and is shared and withheld with it.
    """

    column: str
    kind: str
    hangs: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts about one object as of an instant that access depends on.

    `arrived` is when the portal first received it, `links` holds primary keys by column, and
    `days` the first and last day that it is about.
    """

    customer: int
    public_id: str
    arrived: datetime
    number: str = ""
    links: Mapping[str, frozenset[int]] = field(default_factory=dict)
    days: tuple[date, date] | None = None

    def one(self, column: str) -> int | None:
        """Return the object that a column refers to, None if there is none."""
        return next(iter(self.links.get(column, NOTHING)), None)

    def any_of(self, columns: Collection[str]) -> frozenset[int]:
        """Return the objects that any of these columns refer to."""
        return NOTHING.union(*(self.links.get(column, NOTHING) for column in columns))


@dataclass(frozen=True, slots=True)
class Reaching:
    """The input of a kind's own access rule, for one entry of a Grant.

    `objects` holds the objects of the kind. `accounts` and `contracts` are those that the
    customer's choice includes, and `by_account` says that the customer chose from accounts.
    """

    objects: Mapping[int, Facts]
    accounts: frozenset[int]
    contracts: frozenset[int]
    by_account: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """A kind of object with a listing of its own (CDS-WG3-01 10).

    `object_name` and `section` are the standard's, `include` is the field that includes the objects
    (7.2), `metadata` the field that publishes the listing's URL (5), `related` the field of Usage
    Segments that refers to them (10.8.1; empty if there is none).
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
    """A kind that is stored as identity rows with versions (`customerdata.models.base`).

    `owner` is the version's reference to its identity, `number` the column with the number that
    people use for the object, and `state` what a source says about it: its fields are columns of
    the version. `selection` is the selection that names objects of this kind (9.2.3), and
    `is_place` says that usage is measured at them.
    `days` holds the columns of the first and last day that an object is about, `window` the fields
    that limit them (7.3). `reached` is the kind's access rule; kinds without one form the
    structure that `access.rules` follows.
    `order` comes before the id. If it has a sort key, the key is the smallest number that a token
    sees among the contracts in the column `sorted_by`. `represent` writes a page, and `file`
    returns the file of an object if the token opens it.
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
        """The lookup of the public id from versions."""
        return f"{self.owner}__{self.public_id}"

    @property
    def full_order(self) -> tuple[Order, ...]:
        """The order of the listing; the id breaks ties."""
        return (*self.order, Order(self.public_id_of_owner, False, str))
