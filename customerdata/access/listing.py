"""One page of the objects of a kind that one token can see (CDS-WG3-01 10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from customerdata.access.reading import Reader
from customerdata.kinds.base import VersionedKind
from customerdata.models import BillFile
from portal.http.listing import Cursor, ListQuery, take_page


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """The wire form of a page's objects and the cursors around it."""

    objects: list[Mapping[str, Any]]
    next: Cursor | None
    previous: Cursor | None


def read_objects(
    kind: VersionedKind, reader: Reader, query: ListQuery, *, size: int | None = None
) -> ObjectPage:
    """Return the requested page of a kind's listing. Raises InvalidFilter."""
    page = take_page(
        _filtered(kind, reader, query),
        listing=query.path,
        order=kind.full_order,
        cursor=query.cursor,
        size=size,
    )
    shown = reader.page(kind, page.rows)
    return ObjectPage(kind.represent(shown, reader), page.next, page.previous)


def read_file(kind: VersionedKind, reader: Reader, public_id: str) -> BillFile | None:
    """Return the file of an object, None if it has none or the token cannot read it."""
    if kind.file is None or "\x00" in public_id:
        return None
    rows = reader.visible(kind).filter(**{kind.public_id_of_owner: public_id})
    shown = reader.page(kind, list(rows[:1]))
    return kind.file(shown[0]) if shown else None


def _filtered(kind: VersionedKind, reader: Reader, query: ListQuery) -> QuerySet[Any]:
    """Return the versions that the token sees and that match every filter, one per object."""
    rows = reader.visible(kind).select_related(kind.owner)
    for item in kind.filters:
        for text in query.texts(item.name):
            rows = rows.filter(item.condition(text, reader))
    return rows
