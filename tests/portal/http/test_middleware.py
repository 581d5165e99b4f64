"""Programs' endpoints answer JSON, allow other origins without credentials, never redirect."""

import pytest
from django.test import RequestFactory
from django.utils.translation import get_language
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from portal.errors import DomainError
from portal.http.middleware import client_address
from portal.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["/cds-api/v1/nothing", "/oauth/token/", "/cds-customerdata-api/v1/x/"]
)
def test_unknown_paths_are_json_404(client, path):
    """A missing or extra slash is an error a program can read, not a redirect to a page."""
    response = client.get(path, headers={"accept": "text/html, image/gif, image/jpeg, *; q=.2"})
    assert response.status_code == 404
    assert response.json()["error"] == "not_found"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize(
    "path",
    [
        "/cds-api/v1/grants/%00",
        "/cds-api/v1/grants/a%00b",
        "/receipts/%00/",
        "/receipts/%00/stop/",
        "/oauth/authorize/%00/",
        "/oauth/default-redirect/%00?code=x",
        "/accounts-link/%00/",
        "/docs/scopes/%00/",
        "/demo/mail/%00/",
    ],
)
def test_a_nul_byte_in_a_path_names_nothing(admin_client, path):
    """The database cannot even be asked for it."""
    assert admin_client.get(path).status_code == 404


@pytest.mark.parametrize("value", ["%00", "a%00b"])
def test_a_nul_byte_in_a_query_or_form_is_a_bad_request(client, value):
    """No parameter of any page or API holds one; the database would refuse it as a failure."""
    assert client.get(f"/cds/coverage?order={value}").status_code == 400
    assert client.get(f"/docs/?x={value}").status_code == 400
    assert client.get(f"/oauth/default-redirect/cl_1?code={value}").status_code == 400


def test_programs_get_neither_session_nor_language(client, settings):
    """Nothing of a browser is read, and the page that came before leaves no language behind."""
    settings.LANGUAGES = [("en", "English"), ("es", "Spanish")]
    client.force_login(User.objects.create_user("ana@example.com"))
    page = client.get("/docs/", headers={"accept-language": "es"})
    assert page["Content-Language"] == "es"
    answer = client.get("/cds/coverage", headers={"accept-language": "es"})
    assert answer.status_code == 200
    assert not {"Content-Language", "Vary", "Set-Cookie"} & set(answer.headers)
    assert not hasattr(answer.wsgi_request, "session")
    assert get_language() == "en"


def test_answers_with_a_session_or_a_token_are_not_kept(client):
    """Pages of a signed-in person and customer data stay out of shared and disk caches."""
    client.force_login(User.objects.create_user("ana@example.com"))
    assert client.get("/accounts-link/")["Cache-Control"] == "no-store"
    assert client.get("/")["Cache-Control"] == "no-store"
    answer = client.get("/cds-customerdata-api/v1/accounts", headers={"authorization": "Bearer x"})
    assert answer["Cache-Control"] == "no-store"


def test_a_failure_on_a_machine_endpoint_is_json(client, monkeypatch):
    """Programs cannot read an error page."""

    def fail(request):
        raise RuntimeError("secret inside")

    monkeypatch.setattr("consent.oauth.views.body_parameters", fail)
    client.raise_request_exception = False
    answer = client.post("/oauth/token")
    assert answer.status_code == 500
    assert answer.json()["error"] == "server_error"
    assert "secret" not in answer.content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.2.3.4", "127.0.0.1"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4:5678", "1.2.3.4"),
        (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (1, "unknown", None),
        (1, "1.2.3.4\x00", None),
    ],
)
def test_the_callers_address_is_what_the_trusted_proxies_say(
    settings, proxies, forwarded, expected
):
    """Anybody can send the header; what the audit trail stores must be an address."""
    settings.NUM_PROXIES = proxies
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == expected


def test_preflights_are_answered(client):
    """A browser app may call the data APIs with its bearer token."""
    response = client.options(
        "/cds-api/v1/clients",
        headers={"origin": "https://app.example", "access-control-request-method": "GET"},
    )
    assert response.status_code == 204
    assert "Authorization" in response["Access-Control-Allow-Headers"]


def test_pages_allow_no_other_origin(client):
    """Pages act with the person's session."""
    assert "Access-Control-Allow-Origin" not in client.get("/healthz")


def test_pages_forgive_a_missing_slash(client):
    """A person who types /docs is sent to /docs/."""
    response = client.get("/docs")
    assert response.status_code == 301
    assert response["Location"] == "/docs/"


def test_each_response_names_its_request(client):
    """Support can find the log lines."""
    one, two = client.get("/healthz"), client.get("/healthz")
    assert one["X-Request-Id"] != two["X-Request-Id"]


class Broken(APIView):
    """Raises what the test sets."""

    authentication_classes = ()
    permission_classes = ()
    error: Exception = DomainError("redirect_uri is wrong", field="redirect_uri")

    def post(self, request):
        """Break."""
        if request.data.get("break"):
            raise self.error
        raise AssertionError


def test_domain_errors_have_one_shape():
    """RFC 6749 5.2 names, plus the field and the reference."""
    request = APIRequestFactory().post("/x", data='{"break": 1}', content_type="text/weird")
    response = Broken.as_view()(request)
    assert response.status_code == 400
    assert response.data["error"] == "invalid_request"
    assert response.data["field"] == "redirect_uri"


def test_unknown_errors_tell_nothing():
    """The text of an unexpected exception may hold anything."""
    request = APIRequestFactory().post("/x", data='{"break": 1}', content_type="application/json")
    response = Broken.as_view(error=RuntimeError("secret detail"))(request)
    assert response.status_code == 500
    assert "secret detail" not in str(response.data)


def test_broken_json_is_named():
    """The parser's position helps whoever wrote the request."""
    request = APIRequestFactory().post("/x", data="{nope", content_type="application/json")
    response = Broken.as_view()(request)
    assert response.status_code == 400
    assert "not valid JSON" in response.data["error_description"]
