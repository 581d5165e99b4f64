"""Prepared queries return what the ORM returns, in one query, call after call."""

import pytest
from django.db import DataError, connections, transaction

from consent.models import Grant
from portal.db.prepared import Prepared, PreparedRows, planned_once
from portal.models import User
from registration.models import Client
from tests.factories.consent import CustomerFactory, GrantFactory

pytestmark = pytest.mark.django_db

grants = Prepared(
    lambda grant_id, client_id: Grant.objects.select_related("client__registration", "user").filter(
        grant_id=grant_id, client__client_id=client_id
    ),
    keys=2,
)


def test_objects_come_with_their_relations(django_assert_num_queries):
    """Fields with converters, such as JSON and arrays, included; nullable relations as well."""
    made = [GrantFactory.create(), GrantFactory.create(user=None)]
    grants.first("x", "y")
    for grant in made:
        with django_assert_num_queries(1):
            found = grants.first(grant.grant_id, grant.client.client_id)
            assert found == grant
            assert found.client.registration == grant.client.registration
            assert found.user == grant.user
        for name in ("authorization_details", "created", "scope", "expires"):
            assert getattr(found, name) == getattr(grant, name)
        assert found.client.scopes == grant.client.scopes


def test_every_key_counts():
    """A value goes where its text was in the query, and is never part of the SQL."""
    grant = GrantFactory.create()
    assert grants.first(grant.grant_id, "other") is None
    assert grants.first("other", grant.client.client_id) is None
    assert grants.first("' OR 1=1 --", "' OR 1=1 --") is None


def test_found_objects_can_be_saved():
    """They are rows like any other."""
    grant = GrantFactory.create()
    found = grants.first(grant.grant_id, grant.client.client_id)
    assert found is not None
    found.scope = "cds_usage"
    found.save(update_fields=["scope"])
    assert Grant.objects.get().scope == "cds_usage"


def test_rows_are_read_anew_each_time():
    """What is kept is the SQL, never a result."""
    emails = PreparedRows(lambda: User.objects.order_by("email").values_list("pk", "email"))
    assert emails.all() == []
    user = CustomerFactory.create()
    assert emails.all() == [(user.pk, user.email)]


def test_a_new_connection_compiles_anew():
    """Threads and tests have connections of their own."""
    query = Prepared(lambda client_id: Client.objects.filter(client_id=client_id))
    query.first("x")
    query._local.compiled.connection = type("Gone", (), {"alias": "default"})()
    assert query.first("x") is None
    assert query._local.compiled.connection is connections["default"]


def prepared_statements():
    """What the database keeps planned for this connection."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [text for (text,) in cursor.fetchall()]


def run(statement, times):
    """Run a statement with one value; return the last result."""
    for number in range(times):
        with planned_once("default") as cursor:
            cursor.execute(statement, {"number": number})
            found = cursor.fetchone()[0]
    return found


def test_a_frequent_statement_is_planned_once(django_assert_num_queries):
    """After a few calls the database keeps it; results stay those of the values given."""
    statement = "SELECT %(number)s::int + 1000 /* frequent */"
    with django_assert_num_queries(8):
        assert run(statement, 8) == 1007
    assert sum("frequent" in text for text in prepared_statements()) == 1


def test_nothing_is_prepared_where_the_pooler_cannot():
    """DATABASE_PREPARED_STATEMENTS=0 sets no threshold; the values are bound all the same."""
    connections["default"].ensure_connection()
    connection = connections["default"].connection
    threshold, connection.prepare_threshold = connection.prepare_threshold, None
    try:
        assert run("SELECT %(number)s::int + 2000 /* seldom */", 8) == 2007
    finally:
        connection.prepare_threshold = threshold
    assert not any("seldom" in text for text in prepared_statements())


def test_errors_are_those_of_the_framework():
    """Whoever catches database errors need not know the driver."""
    with pytest.raises(DataError), transaction.atomic():
        run("SELECT 1 / (%(number)s::int - 1)", 2)
