"""Prepared statements for hot paths: built once per thread, planned once per connection.

For a wide join, the ORM and the planner each take longer than the database takes to find the row
(ADR 12 has the figures). All other queries use the ORM, whose cursors never use prepared
statements; with DATABASE_PREPARED_STATEMENTS off, so do these.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import Model, QuerySet
from django.db.models import query as orm
from django.utils.functional import cached_property
from psycopg.types.numeric import Int8BinaryDumper

M = TypeVar("M", bound=Model)
# The driver's own reader of datetimes; Django's, for any zone, takes longer than a short query.
_TIMES: Any = psycopg.adapters.get_loader(
    psycopg.adapters.types["timestamptz"].oid, psycopg.pq.Format.TEXT
)


def _planned_once(alias: str) -> Any:
    """Return a cursor, for a `with`, whose statements become prepared ones after a few calls.

    Django's own cursors put values into the text, so each call is planned again.
    """
    connection: Any = connections[alias]
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return connection._prepare_cursor(_new_cursor(connection))


def _new_cursor(connection: Any) -> Any:
    make: Any = ServerBindingCursor
    cursor = make(connection.connection)
    cursor.adapters.register_loader("timestamptz", _TIMES)
    return cursor


def fetch(alias: str, statement: bytes, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return all rows of a handwritten statement.

    They are sent in binary form, since bytes as text would take twice the space. The database binds
    the values, so their types must be clear from the statement.
    """
    if not settings.DATABASE_PREPARED_STATEMENTS:
        plain: Any = connections[alias].cursor()
        with plain as cursor:
            cursor.execute(statement, params)
            return list(cursor.fetchall())
    with _planned_once(alias) as cursor:
        # One type for all integers; by default it depends on the value, and the plan depends on it.
        cursor.adapters.register_dumper(int, Int8BinaryDumper)
        cursor.cursor.format = psycopg.pq.Format.BINARY
        cursor.execute(statement, params)
        return list(cursor.fetchall())


# Creating a cursor takes as long as a short statement, so each thread keeps one.
_kept = threading.local()


def _execute(connection: Any, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the rows; unlike `_planned_once`, without checking the connection first."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        raw = getattr(_kept, "cursor", None)
        if raw is None or raw.connection is not connection.connection:
            raw = _kept.cursor = _new_cursor(connection)
        cursor = connection._prepare_cursor(raw)
    cursor.execute(sql, params)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _read(connection: Any, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a read-only statement.

    The first one in a request also shows whether the connection works, which saves a separate
    round trip. If the connection is gone, the statement runs again on a new one.
    """
    if connection.connection is None or connection.health_check_done:
        return _execute(connection, sql, params)
    try:
        rows = _execute(connection, sql, params)
    except Error:
        connection.close_if_health_check_failed()
        if connection.connection is not None:
            raise
        return _execute(connection, sql, params)
    connection.health_check_done = True
    return rows


class _Compiled(Generic[M]):
    """The SQL of a query on one connection, and how its rows become objects."""

    def __init__(self, queryset: QuerySet[M], keys: tuple[str, ...]) -> None:
        query: Any = queryset[:1].query
        self.connection: Any = connections[queryset.db]
        self._compiler: Any = query.get_compiler(connection=self.connection)
        sql, params = self._compiler.as_sql()
        self._sql = self._with_constants(sql, params, keys)
        self._order = [keys.index(param) for param in params if param in keys]
        select, info = self._compiler.select, self._compiler.klass_info
        self._converters = self._compiler.get_converters([column[0] for column in select])
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self._own = slice(first, last)
        self._names = [column[0].target.attname for column in select[self._own]]
        self._model: type[M] = info["model"]
        populators: Any = orm.get_related_populators
        self._related = populators(info, select, queryset.db)

    def _with_constants(self, sql: str, params: tuple[Any, ...], keys: tuple[str, ...]) -> str:
        """Write all values but the keys into the SQL.

        The plan of a prepared statement has to fit any values. Without these constants, it could
        not use a partial index.
        """
        literal = self.connection.ops.compose_sql
        texts = ("%s" if p in keys else literal("%s", [p]).replace("%", "%%") for p in params)
        return str(sql.replace("%%", "%%%%") % tuple(texts))

    def run(self, values: tuple[str, ...]) -> M | None:
        found = _read(self.connection, self._sql, [values[place] for place in self._order])
        if not found:
            return None
        (row,) = self._compiler.apply_converters(found, self._converters)
        item = self._model.from_db(self.connection.alias, self._names, row[self._own])
        for populator in self._related:
            populator.populate(row, item)
        return item


class Prepared(Generic[M]):
    """A query for one object by one or more texts.

    `build` returns the queryset for the given texts. It is called once per thread, or for each call
    with the setting off, so nothing but the texts may differ between calls. `select_related` names
    the foreign keys to load. A partial index serves only a query that states its condition.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *, keys: int = 1) -> None:
        self._build = build
        self._keys = tuple(f"\x01key {number}" for number in range(keys))
        self._local = threading.local()

    def first(self, *values: str) -> M | None:
        """Return the object, or None."""
        if not settings.DATABASE_PREPARED_STATEMENTS:
            return self._build(*values).first()
        compiled: _Compiled[M] | None = getattr(self._local, "compiled", None)
        if compiled is None or compiled.connection is not connections[compiled.connection.alias]:
            compiled = _Compiled(self._build(*self._keys), self._keys)
            self._local.compiled = compiled
        return compiled.run(values)


class PreparedInsert(Generic[M]):
    """Inserts new rows of a model, one statement each; does not send signals."""

    def __init__(self, model: type[M]) -> None:
        self._model = model
        self._fields: list[Any] = [f for f in model._meta.concrete_fields if not f.primary_key]

    @cached_property
    def _sql(self) -> str:
        quoted = connections[DEFAULT_DB_ALIAS].ops.quote_name
        columns = ", ".join(quoted(field.column) for field in self._fields)
        values = ", ".join(["%s"] * len(self._fields))
        names: Any = self._model._meta
        into = f"INSERT INTO {quoted(names.db_table)} ({columns})"
        return f"{into} VALUES ({values}) RETURNING {quoted(names.pk.column)}"

    def save(self, item: M) -> None:
        """Insert the row; the database assigns its key. Raises what saving it would raise."""
        if not settings.DATABASE_PREPARED_STATEMENTS:
            item.save(force_insert=True)
            return
        connection = connections[DEFAULT_DB_ALIAS]
        values = [
            field.get_db_prep_save(field.pre_save(item, add=True), connection)
            for field in self._fields
        ]
        connection.close_if_health_check_failed()
        ((item.pk,),) = _execute(connection, self._sql, values)
        item._state.adding, item._state.db = False, DEFAULT_DB_ALIAS


class PreparedRows:
    """A query without parameters for rows of plain columns, as `values_list` returns them."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self._build = build
        self._local = threading.local()

    def all(self) -> list[tuple[Any, ...]]:
        """Return the rows as the database driver gives them."""
        if not settings.DATABASE_PREPARED_STATEMENTS:
            return list(self._build())
        known: tuple[str, str, Any] | None = getattr(self._local, "sql", None)
        if known is None:
            queryset = self._build()
            sql, params = queryset.query.get_compiler(queryset.db).as_sql()
            known = self._local.sql = (queryset.db, sql, params)
        alias, sql, params = known
        return _read(connections[alias], sql, params)
