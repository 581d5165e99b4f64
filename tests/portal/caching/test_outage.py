"""Without Redis: limits that protect people hold, nobody waits, and monitoring sees it."""

import base64
import logging
import socket
import time

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import caches
from redis.exceptions import RedisError
from rest_framework.test import APIClient

from portal.caching.outage import Outage, memory, outage_of
from portal.http import ratelimits
from portal.http.ratelimits import Claim, TooManyRequests, take
from portal.models import User
from tests.factories.registration import ClientFactory, CredentialFactory
from tests.rates import rates

pytestmark = pytest.mark.usefixtures("stopped_clock")

NOWHERE = "redis://127.0.0.1:1/0"
PASSWORD = "a-long-enough-password"


def forget():
    """Empty what this process knows of servers and counts."""
    memory.clear()
    outage_of.cache_clear()
    ratelimits._counter.cache_clear()


def use(settings, url):
    """Make this the address of Redis."""
    settings.REDIS_URL = url
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": url}}
    forget()


@pytest.fixture
def away(settings):
    """Nothing listens where Redis should."""
    use(settings, NOWHERE)
    yield
    forget()


@pytest.fixture
def hanging(settings):
    """Something listens and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        use(settings, f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        yield
    forget()


def sign_in(client, password):
    """Try a password."""
    return client.post("/accounts/login/", {"login": "ana@example.com", "password": password})


def test_limits_are_kept_in_the_process(away, caplog):
    """Sums, looks and refusals as with Redis; the log says it once, not for every request."""
    with caplog.at_level(logging.WARNING, "portal.caching.outage"):
        ratelimits.count("2/min", "a")
        take(Claim("2/min", "a", 0))
        ratelimits.count("2/min", "a")
        with pytest.raises(TooManyRequests):
            ratelimits.count("2/min", "a")
        with pytest.raises(TooManyRequests):
            take(Claim("2/min", "a", 0))
        ratelimits.count("2/min", "b")
    assert len(caplog.records) == 1


@pytest.mark.django_db
def test_guessing_a_password_is_stopped(client, away):
    """After five wrong ones the right one is refused too, as with Redis."""
    user = User.objects.create_user("ana@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    for _ in range(5):
        assert sign_in(client, "guess").status_code == 200
    refused = sign_in(client, PASSWORD)
    assert refused.status_code == 200
    assert "Too many attempts have failed" in refused.content.decode()


@pytest.mark.django_db
def test_a_right_password_still_signs_in(client, away):
    """Nobody is locked out because Redis is away."""
    user = User.objects.create_user("ana@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    for _ in range(6):
        assert sign_in(client, PASSWORD).status_code == 302
        client.logout()


@pytest.mark.django_db
def test_guessing_a_client_secret_is_stopped(away, settings):
    """The token endpoint's limit on wrong secrets."""
    rates(settings, token_failures="2/min")
    credential = CredentialFactory.create(client=ClientFactory.create(admin=True))

    def answer(secret):
        pair = f"{credential.client.client_id}:{secret}".encode()
        return APIClient().post(
            "/oauth/token",
            "grant_type=client_credentials&scope=cds_client_admin",
            content_type="application/x-www-form-urlencoded",
            headers={"authorization": f"Basic {base64.b64encode(pair).decode()}"},
        )

    seen = [answer(secret).status_code for secret in ("guess", "other", credential.secret)]
    assert seen == [401, 401, 429]


def test_a_server_that_hangs_costs_its_time_once(hanging):
    """Sign-in asks the cache ten times."""
    begin = time.monotonic()
    for number in range(20):
        caches["default"].get(f"key-{number}")
        ratelimits.count("100/min", "a")
    assert time.monotonic() - begin < 3


def test_the_server_is_asked_again_after_a_moment():
    """A restart of Redis does not need one of ours."""
    outage = Outage(pause=0.2)
    outage.noticed(RedisError())
    assert outage.lasts
    time.sleep(0.3)
    assert not outage.lasts


@pytest.mark.django_db
def test_monitoring_sees_it_and_the_server_stays_ready(client, away):
    """Pages work, so no load balancer takes the server out; somebody has to know all the same."""
    assert client.get("/readyz").status_code == 200
    assert "\ncds_redis_away 1\n" in client.get("/metrics").content.decode()


@pytest.mark.django_db
def test_monitoring_sees_that_redis_is_there(client):
    """The number is measured."""
    assert "\ncds_redis_away 0\n" in client.get("/metrics").content.decode()


def test_a_strict_portal_counts_in_redis_or_not_at_all(away, settings):
    """What another process let pass counts too, or the request fails, each time."""
    ratelimits.count("2/min", "a")
    assert outage_of(NOWHERE).lasts
    settings.REDIS_OPTIONAL = False
    with pytest.raises(RedisError):
        ratelimits.count("2/min", "a")


@pytest.mark.django_db
@pytest.mark.parametrize(("is_optional", "ready", "answer"), [(True, 200, 401), (False, 503, 500)])
def test_a_strict_portal_is_not_ready_without_redis(away, settings, is_optional, ready, answer):
    """The load balancer takes it out; whoever asks all the same is answered with a failure."""
    settings.REDIS_OPTIONAL = is_optional
    client = APIClient(raise_request_exception=False)
    assert client.get("/readyz").status_code == ready
    assert client.get("/readyz").json()["parts"].get("redis", True) is is_optional
    failed = client.post("/oauth/token", {"grant_type": "client_credentials"})
    assert (failed.status_code, "error" in failed.json()) == (answer, True)


@pytest.mark.django_db
def test_a_strict_portal_with_redis_is_ready(client, settings):
    """Both parts are named."""
    settings.REDIS_OPTIONAL = False
    assert client.get("/readyz").json()["parts"] == {"database": True, "redis": True}
