"""The portal has one name; whatever a caller sends as Host ends up in no link."""

import re

import pytest
from allauth.account.models import EmailAddress

from portal.models import User
from tests.mails import delivered

pytestmark = pytest.mark.django_db


@pytest.fixture
def extra(settings):
    """A second name, as a load balancer uses it for probes."""
    settings.EXTRA_HOSTS = ["probe.internal"]
    settings.ALLOWED_HOSTS = ["testserver", "probe.internal"]
    return "probe.internal:8000"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_health_is_answered_under_extra_names(client, extra, path):
    """That is what they are for."""
    assert client.get(path, headers={"host": extra}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/accounts/login/", "/oauth/token", "/cds/coverage", "/static/portal/theme.css", "/x"],
)
def test_nothing_else_is(client, extra, path):
    """The answer says where the portal is, in JSON for programs."""
    answer = client.get(path, headers={"host": extra})
    assert answer.status_code == 404
    assert "http://testserver" in answer.content.decode()
    assert client.post(path, headers={"host": extra}).status_code == 404
    is_json = answer["Content-Type"] == "application/json"
    assert is_json == path.startswith(("/oauth/", "/cds/"))


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "te st", "a@testserver"]
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/oauth/token"])
def test_a_wrong_name_is_no_error_of_ours(client, caplog, host, path):
    """Anybody can send one: 400, and nothing that wakes an operator."""
    assert client.get(path, headers={"host": host}).status_code == 400
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("host", ["testserver", "TESTSERVER:80", "testserver:8443"])
def test_links_of_sign_in_come_from_the_base_url(client, host):
    """Confirmation and reset: a port of the caller's choice is somebody else's server."""
    form = {
        "email": "a@solar.example",
        "password1": "bright-sun-2026",
        "password2": "bright-sun-2026",
    }
    client.post("/accounts/signup/", form, headers={"host": host})
    user = User.objects.get(email="a@solar.example")
    EmailAddress.objects.filter(user=user).update(verified=True)
    client.post("/accounts/logout/", headers={"host": host})
    client.post("/accounts/password/reset/", {"email": user.email}, headers={"host": host})
    sent = delivered()
    assert len(sent) >= 2
    for message in sent:
        links = re.findall(r"\bhttps?://\S+", f"{message.body}")
        assert links
        assert all(link.startswith("http://testserver/") for link in links), links


def test_documents_name_the_base_url(client):
    """Metadata and its links, under any port."""
    answer = client.get("/.well-known/cds-server-metadata.json", headers={"host": "testserver:81"})
    assert "testserver:81" not in answer.content.decode()


def test_https_is_that_of_the_base_url(client, settings):
    """Also the redirect that leads there."""
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/docs/", headers={"host": "testserver:81"})
    assert answer["Location"] == "https://testserver/docs/"
