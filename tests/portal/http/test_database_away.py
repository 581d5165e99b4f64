"""Without the database the answer is 503 with Retry-After: a page for people, JSON for programs."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client as Browser

from portal.http.database_away import is_away
from portal.models import User

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ["/sharing/", "/accounts/login/", "/admin/", "/nothing-here/", "/receipts/abc/"]
PROGRAMS = [
    ("GET", "/cds-api/v1/grants"),
    ("GET", "/cds-customerdata-api/v1/accounts"),
    ("GET", "/.well-known/cds-server-metadata.json"),
    ("GET", "/cds/coverage"),
    ("POST", "/oauth/token"),
    ("POST", "/oauth/par"),
    ("POST", "/oauth/introspect"),
    ("POST", "/oauth/register"),
]


@pytest.fixture
def visitor() -> Browser:
    """Somebody who is signed in, to whom failures are shown instead of raised."""
    visitor = Browser(raise_request_exception=False)
    visitor.force_login(User.objects.create_user("ana@example.com"))
    return visitor


@pytest.fixture
def away(visitor) -> Iterator[None]:
    """No connection can be made: nobody listens on the port."""
    port = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = "1"
    yield
    connection.close()
    connection.settings_dict["PORT"] = port


def check(response, *, is_json: bool) -> None:
    """Assert that an answer says when to come back, in the reader's form."""
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    if is_json:
        assert response.json()["error"] == "temporarily_unavailable"
        assert response.json()["request_id"] == response["X-Request-Id"]
    else:
        assert "Try again in a few minutes" in response.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_people_get_a_page(visitor, away, path):
    """Whether the session, the view or the page of another error meets it first."""
    check(visitor.get(path), is_json=False)


@pytest.mark.parametrize(("method", "path"), PROGRAMS)
def test_programs_get_json(visitor, away, method, path):
    """With the reference of the log, from APIs and OAuth endpoints alike."""
    headers = {"authorization": "Bearer abc" if method == "GET" else "Basic Y2xfMTpi"}
    form = urlencode({"token": "abc", "grant_type": "client_credentials"})
    body = json.dumps({"client_name": "x"}) if path == "/oauth/register" else form
    kind = "application/x-www-form-urlencoded"
    check(visitor.generic(method, path, body, kind, headers=headers), is_json=True)


def test_the_process_itself_still_lives(away):
    """Restarting it would mend nothing."""
    probe = Browser(raise_request_exception=False)
    assert probe.get("/healthz").status_code == 200
    assert probe.get("/readyz").status_code == 503


@pytest.mark.parametrize(
    ("path", "table", "is_json"),
    [
        ("/sharing/", "django_session", False),
        ("/cds/coverage", "registration_coverageentry", True),
    ],
)
def test_a_statement_that_took_too_long_is_tried_again_later(visitor, path, table, is_json):
    """Somebody holds the table; the database ends the wait, and the next request works."""
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{n: parameters[n] for n in names if n in parameters}) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 100")
        check(visitor.get(path), is_json=is_json)
    connection.close()
    assert visitor.get(path).status_code == 200


def test_a_connection_that_was_cut_is_away():
    """Errors of the driver and of the framework; those of our own statements are not."""
    assert is_away(OperationalError())
    assert is_away(InterfaceError())
    assert is_away(psycopg.OperationalError())
    assert not is_away(psycopg.ProgrammingError())
    assert not is_away(None)
