"""Bodies over the limit of an endpoint are refused before anything reads them."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from rest_framework.test import APIClient

from portal.http.bodies import MAX_BODY
from registration.api.register import Register

OAUTH = ["/oauth/register", "/oauth/token", "/oauth/introspect", "/oauth/par", "/oauth/revoke"]


class Unreadable:
    """A body that must not be touched."""

    def read(self, *args):
        raise AssertionError("the body was read")

    readline = read


def announce(path, length, method="POST", content_type="application/json"):
    """Send a request that announces a body of this length."""
    extra: Any = {"CONTENT_LENGTH": str(length), "wsgi.input": Unreadable()}
    return APIClient().generic(method, path, content_type=content_type, **extra)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/oauth/register"),
        ("POST", "/oauth/token"),
        ("POST", "/oauth/introspect"),
        ("POST", "/oauth/par"),
        ("POST", "/oauth/revoke"),
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
    monkeypatch.setattr(Register, "max_body_bytes", 10)
    assert APIClient().generic("POST", "/oauth/register", "[          ]").status_code == 413
    monkeypatch.setattr(Register, "max_body_bytes", lambda: MAX_BODY + 20)
    longer = "[" + " " * MAX_BODY + "]"
    assert APIClient().generic("POST", "/oauth/register", longer).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("path", OAUTH)
def test_oauth_takes_three_hundred_kilobytes(path):
    """Long lists of contract numbers fit; what only costs time to parse does not."""
    assert announce(path, MAX_BODY + 1).status_code == 413
    fits = "{" + " " * (MAX_BODY - 2) + "}"
    answer = APIClient().generic("POST", path, fits, content_type="application/json")
    assert answer.status_code in {400, 401}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/oauth/authorize", "/accounts/login/", "/language/", "/payments/process/stripe/"]
)
def test_a_large_form_is_refused_with_a_page(path):
    """Before the forgery check reads it, too."""
    answer = announce(path, MAX_BODY + 1, content_type=MULTIPART_CONTENT)
    assert answer.status_code == 413
    assert "Go back" in answer.content.decode()


@pytest.mark.django_db
def test_the_form_with_thousands_of_services_is_taken(client):
    """12,000 fields of the customer's page are under its own limit."""
    ids = [f"c_{number:024}" for number in range(5_000)]
    form = urlencode({"request-1-services": ids, "request-2-services": ids}, doseq=True)
    assert len(form) > MAX_BODY
    kind = "application/x-www-form-urlencoded"
    assert client.post("/oauth/authorize/ar_unknown/", form, kind).status_code == 404
    assert announce("/oauth/authorize/ar_unknown/", 1_048_577).status_code == 413


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "kind"), [("/oauth/authorize", "html"), ("/cds/coverage", "json")]
)
def test_a_long_query_is_refused(client, path, kind):
    """Addresses are parsed as bodies are."""
    answer = client.get(path, QUERY_STRING="a=" + "1" * MAX_BODY)
    assert answer.status_code == 414
    assert kind in answer["Content-Type"]


@pytest.mark.usefixtures("stopped_clock")
def test_bodies_are_counted_by_address_before_they_are_read(settings):
    """In units of 4 KB: what costs more counts more."""
    settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["bodies"] = "100/min"
    for path, status in (("/oauth/token", 413), ("/oauth/token", 429), ("/language/", 429)):
        answer = announce(path, MAX_BODY + 1)
        assert answer.status_code == status
    assert answer["Retry-After"]
    other: Any = {"REMOTE_ADDR": "203.0.113.9"}
    assert APIClient().generic("POST", "/oauth/token", "a=1", **other).status_code == 400


class Chunks:
    """A body that ends when it ends, as Granian hands over what came in chunks."""

    def __init__(self, *pieces: bytes) -> None:
        self._rest = b"".join(pieces)
        self.taken = 0

    def read(self, size=-1):
        """Return at most so many bytes."""
        size = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:size], self._rest[size:]
        self.taken += len(piece)
        return piece

    readline = read


def stream(path, body, content_type="application/octet-stream", **extra):
    """Send a body without a length."""
    environment: Any = {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        **extra,
    }
    return APIClient().generic("POST", path, content_type=content_type, **environment)


@pytest.mark.django_db
def test_a_body_in_chunks_is_read():
    """As .NET and streaming programs send it: it used to arrive empty."""
    answer = stream("/oauth/register", Chunks(b'{"scope": ', b'"cds_client_admin nonsense"}'))
    assert answer.status_code == 400
    assert "nonsense" in answer.json()["error_description"]
    answer = stream("/oauth/token", Chunks(b"grant_type=non", b"sense&client_id=x"))
    assert answer.json()["error"] == "unsupported_grant_type"


@pytest.mark.django_db
def test_a_body_in_chunks_is_read_up_to_the_limit():
    """One byte more tells that it is over."""
    body = Chunks(b" " * 2_000_000)
    assert stream("/oauth/token", body).status_code == 413
    assert body.taken == MAX_BODY + 1


@pytest.mark.django_db
def test_a_form_in_chunks_is_read():
    """Forms with files as well."""
    content = encode_multipart(BOUNDARY, {"language": "en", "next": "/terms/"})
    answer = stream("/language/", Chunks(content), MULTIPART_CONTENT)
    assert (answer.status_code, answer["Location"]) == (303, "/terms/")


@pytest.mark.parametrize(
    "extra", [{"wsgi.input_terminated": False}, {"HTTP_TRANSFER_ENCODING": "gzip, chunked"}]
)
def test_a_body_whose_end_is_not_known_needs_a_length(extra):
    """Better than to take it for an empty one."""
    answer = stream("/oauth/token", Unreadable(), **extra)
    assert answer.status_code == 411
    assert "Content-Length" in answer.json()["error_description"]
