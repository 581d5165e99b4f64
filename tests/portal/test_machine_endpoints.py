"""Programs' endpoints answer JSON, allow other origins without credentials, never redirect."""

import pytest
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from portal.errors import DomainError

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
