"""Bodies over the limit of an endpoint are refused before anything reads them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from registration.api.register import Register


class Unreadable:
    """A body that must not be touched."""

    def read(self, *args):
        raise AssertionError("the body was read")

    readline = read


def announce(path, length, method="POST"):
    """Send a request that announces a body of this length."""
    extra: Any = {"CONTENT_LENGTH": str(length), "wsgi.input": Unreadable()}
    return APIClient().generic(method, path, content_type="application/json", **extra)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/oauth/register"),
        ("POST", "/oauth/token"),
        ("POST", "/oauth/introspect"),
        ("POST", "/oauth/par"),
        ("PUT", "/cds-api/v1/clients/cl_x"),
        ("PATCH", "/cds-api/v1/credentials/cred_x"),
        ("PATCH", "/cds-api/v1/grants/gr_x"),
    ],
)
def test_a_large_body_is_refused_unread(method, path):
    """Without a token, too: authentication would come later."""
    answer = announce(path, 20_000_000, method)
    assert answer.status_code == 413
    assert answer.json()["error"] == "payload_too_large"
    assert answer.json()["request_id"]
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.django_db
def test_an_endpoint_may_take_more_or_less(monkeypatch):
    """Attachments need more than the default."""
    monkeypatch.setattr(Register, "max_body_bytes", 10, raising=False)
    assert APIClient().generic("POST", "/oauth/register", "[          ]").status_code == 413
    monkeypatch.setattr(Register, "max_body_bytes", lambda: 20, raising=False)
    assert APIClient().generic("POST", "/oauth/register", "[          ]").status_code == 400


@pytest.mark.django_db
def test_the_usual_limit_is_a_setting(settings):
    """The same one that the framework applies to bodies in memory."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 5
    answer = APIClient().generic("POST", "/oauth/register", '{"scope": "cds_client_admin"}')
    assert answer.status_code == 413
