"""What the database server keeps of prepared queries, and what becomes of its connections."""

import psycopg
import pytest
from django.db import OperationalError, connection, connections

from consent.services.grants import admin_grant
from portal.db.prepared import Prepared, PreparedInsert, PreparedRows, fetch
from portal.models import User
from tests.factories.consent import GrantFactory

pytestmark = pytest.mark.django_db


def _statements() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [row[0] for row in cursor.fetchall()]


def test_a_frequent_statement_is_planned_once(django_assert_num_queries):
    """After a few calls the database keeps it; results stay those of the values given."""
    statement = b"SELECT %(number)s::int + 1000 /* frequent */"
    with django_assert_num_queries(8):
        for number in range(8):
            assert fetch("default", statement, {"number": number}) == [(1000 + number,)]
    assert sum("frequent" in text for text in _statements()) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_on", [True, False])
def test_with_the_switch_off_the_server_keeps_nothing(settings, is_on):
    """A pooler that hands each transaction another connection cannot keep statements either."""
    settings.DATABASE_PREPARED_STATEMENTS = is_on
    connection.close()
    query = Prepared(lambda email: User.objects.filter(email=email))
    rows = PreparedRows(lambda: User.objects.values_list("pk", "email"))
    insert = PreparedInsert(User)
    for number in range(8):
        insert.save(User(email=f"{number}@example.com"))
        found = query.first(f"{number}@example.com")
        assert found is not None
        assert found.email == f"{number}@example.com"
        assert len(rows.all()) == number + 1
        assert fetch("default", b"SELECT %(number)s::int", {"number": number}) == [(number,)]
    assert len(_statements()) == (4 if is_on else 0)


def test_a_new_connection_compiles_again():
    """Threads and tests have connections of their own."""
    query = Prepared(lambda email: User.objects.filter(email=email))
    query.first("x")
    query._local.compiled.connection = type("Gone", (), {"alias": "default"})()
    assert query.first("x") is None
    assert query._local.compiled.connection is connections["default"]


def test_the_server_plans_a_frequent_query_once():
    """Of many calls one statement stays, whatever they asked for."""
    query = Prepared(lambda email: User.objects.filter(email=email, name="Planned once"))
    for number in range(8):
        query.first(f"{number}@example.com")
    assert len([text for text in _statements() if "'Planned once'" in text]) == 1


def test_the_values_of_a_call_are_not_in_the_statement():
    """A percent sign of a constant is no place for a value."""
    query = Prepared(lambda email: User.objects.filter(email=email).exclude(name="100% %s"))
    user = User.objects.create(email="ana@example.com", name="Ana")
    for _ in range(8):
        assert query.first("ana@example.com") == user
    (statement,) = [text for text in _statements() if "100%" in text]
    assert "ana@example.com" not in statement
    User.objects.update(name="100% %s")
    assert query.first("ana@example.com") is None


def test_the_lookup_of_a_request_uses_its_index_for_any_value():
    """With thousands of Grants of one Client a plan without the index would read them all."""
    grant = GrantFactory.create(request_digest="d" * 64)
    admin_grant._admin_grant.first(grant.client.client_id, grant.request_digest)
    sql = admin_grant._admin_grant._local.compiled._sql.replace("%s", "$1", 1).replace(
        "%s", "$2", 1
    )
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE any_value (text, text) AS {sql.replace('%%', '%')}")
        try:
            cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN EXECUTE any_value ('', '')")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        finally:
            cursor.execute("DEALLOCATE any_value")
    assert "consent_grant_one_per_request" in plan


def _end_connection() -> None:
    """Let the server end the connection, as a restart does."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])


@pytest.fixture
def query():
    """Return a query that has run, in a request that is over, on a connection still young."""
    connection.close()
    query = Prepared(lambda email: User.objects.filter(email=email))
    query.first("ana@example.com")
    connection.close_if_unusable_or_obsolete()
    return query


@pytest.mark.django_db(transaction=True)
def test_the_first_query_of_a_request_outlives_its_connection(query):
    """It runs again on a new one, so that a restart of the database costs no request."""
    _end_connection()
    assert query.first("ana@example.com") is None


@pytest.mark.django_db(transaction=True)
def test_the_first_query_of_a_request_is_its_look_at_the_connection(query, monkeypatch):
    """What answers works: nothing else is asked."""
    monkeypatch.setattr(connection, "is_usable", lambda: pytest.fail("asked for nothing"))
    query.first("ana@example.com")
    User.objects.count()


@pytest.mark.django_db(transaction=True)
def test_a_later_query_fails_with_its_connection(query):
    """What the request did on the old connection may be lost with it."""
    query.first("ana@example.com")
    _end_connection()
    with pytest.raises(OperationalError):
        query.first("ana@example.com")
    connection.close()
