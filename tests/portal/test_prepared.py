"""Prepared queries return what the ORM returns, in one query, call after call."""

import pytest
from django.db import connections

from consent.models import Grant
from portal.models import User
from portal.prepared import Prepared, PreparedRows
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
