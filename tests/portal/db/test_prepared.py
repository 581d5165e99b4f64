"""Prepared queries return what the ORM returns, in one query, call after call.

Everything here holds with DATABASE_PREPARED_STATEMENTS on and off.
"""

import pytest
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from consent.models import Grant
from portal.db.prepared import Prepared, PreparedInsert, PreparedRows, fetch
from portal.models import AuditEvent, User
from tests.factories.consent import CustomerFactory, GrantFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("prepared_or_plain")]

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


def test_rows_are_read_again_each_time():
    """What is kept is the SQL, never a result."""
    emails = PreparedRows(lambda: User.objects.order_by("email").values_list("pk", "email"))
    assert emails.all() == []
    user = CustomerFactory.create()
    assert emails.all() == [(user.pk, user.email)]


def test_stored_rows_are_those_that_saving_would_store(django_assert_num_queries):
    """Defaults, JSON, nulls and addresses included; one statement each."""
    insert = PreparedInsert(AuditEvent)
    for address in (None, "192.0.2.7"):
        event = AuditEvent(
            action="x", actor="system", subject="y", address=address, details={"a": ["ü", 1]}
        )
        with django_assert_num_queries(1):
            insert.save(event)
        found = AuditEvent.objects.get(pk=event.pk)
        for field in AuditEvent._meta.concrete_fields:
            assert getattr(found, field.attname) == getattr(event, field.attname)
        event.details = {}
        event.save()


def test_what_the_database_refuses_is_raised_like_anywhere():
    """Constraints hold."""
    grant = GrantFactory.create()
    twin = Grant(client=grant.client, grant_id=grant.grant_id, status=Grant.Status.ACTIVE)
    with pytest.raises(IntegrityError), transaction.atomic():
        PreparedInsert(Grant).save(twin)
    assert twin.pk is None
    assert Grant.objects.count() == 1


def test_rows_and_statements_survive_a_rollback():
    """A statement that was prepared inside a transaction is prepared again where it has to be."""
    query = Prepared(lambda email: User.objects.filter(email=email))
    user = User.objects.create(email="bo@example.com")
    for _ in range(3):
        with transaction.atomic():
            for _ in range(4):
                assert query.first("bo@example.com") == user
            transaction.set_rollback(True)


def test_a_written_statement_gets_its_values(django_assert_num_queries):
    """Numbers, texts, times, lists and bytes, as they went in."""
    now = timezone.now()
    values = {"n": 2**40, "t": "it's 100%", "at": now, "ids": [1, 2], "raw": b"\x00\xff"}
    statement = (
        b"SELECT %(n)s::bigint, %(t)s::text, %(at)s::timestamptz, %(ids)s::bigint[], %(raw)s::bytea"
    )
    for _ in range(8):
        with django_assert_num_queries(1):
            ((*found, raw),) = fetch("default", statement, values)
        assert found == [2**40, "it's 100%", now, [1, 2]]
        assert bytes(raw) == b"\x00\xff"


def test_errors_are_those_of_the_framework():
    """Whoever catches database errors need not know the driver."""
    with pytest.raises(DataError), transaction.atomic():
        fetch("default", b"SELECT 1 / (%(number)s::int - 1)", {"number": 1})
    with pytest.raises(IntegrityError), transaction.atomic():
        fetch("default", b"INSERT INTO portal_auditseal (id) VALUES (%(id)s)", {"id": 1})
