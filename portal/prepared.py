"""Queries of hot paths, compiled once: for a wide join the ORM takes longer than the database."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models import query as orm

M = TypeVar("M", bound=Model)


class _Compiled(Generic[M]):
    """The SQL of a query on one connection, and how its rows become objects."""

    def __init__(self, queryset: QuerySet[M], keys: tuple[str, ...]) -> None:
        query: Any = queryset[:1].query
        self.connection: Any = connections[queryset.db]
        self._compiler: Any = query.get_compiler(connection=self.connection)
        self._sql, params = self._compiler.as_sql()
        self._params = list(params)
        self._places = [(place, keys.index(p)) for place, p in enumerate(params) if p in keys]
        select, info = self._compiler.select, self._compiler.klass_info
        self._converters = self._compiler.get_converters([column[0] for column in select])
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self._own = slice(first, last)
        self._names = [column[0].target.attname for column in select[self._own]]
        self._model: type[M] = info["model"]
        populators: Any = orm.get_related_populators
        self._related = populators(info, select, queryset.db)

    def run(self, values: tuple[str, ...]) -> M | None:
        params = self._params.copy()
        for place, key in self._places:
            params[place] = values[key]
        with self.connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            found = cursor.fetchone()
        if found is None:
            return None
        (row,) = self._compiler.apply_converters([found], self._converters)
        item = self._model.from_db(self.connection.alias, self._names, row[self._own])
        for populator in self._related:
            populator.populate(row, item)
        return item


class Prepared(Generic[M]):
    """A query for one object by one or more texts.

    `build` returns the queryset for its texts; it is called once per thread, so that nothing but
    the texts may differ between calls. Foreign keys to load are named by `select_related`.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *, keys: int = 1) -> None:
        self._build = build
        self._keys = tuple(f"\x01key {number}" for number in range(keys))
        self._local = threading.local()

    def first(self, *values: str) -> M | None:
        """Return the object, None when there is none."""
        compiled: _Compiled[M] | None = getattr(self._local, "compiled", None)
        if compiled is None or compiled.connection is not connections[compiled.connection.alias]:
            compiled = _Compiled(self._build(*self._keys), self._keys)
            self._local.compiled = compiled
        return compiled.run(values)


class PreparedRows:
    """A query without parameters for rows of plain columns, such as `values_list` makes them."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self._build = build
        self._local = threading.local()

    def all(self) -> list[tuple[Any, ...]]:
        """Return the rows as the database driver gives them."""
        known: tuple[str, str, Any] | None = getattr(self._local, "sql", None)
        if known is None:
            queryset = self._build()
            sql, params = queryset.query.get_compiler(queryset.db).as_sql()
            known = self._local.sql = (queryset.db, sql, params)
        alias, sql, params = known
        with connections[alias].cursor() as cursor:
            cursor.execute(sql, params)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
