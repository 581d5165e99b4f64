"""Rate limits: one mechanism and honest headers."""

import base64

import pytest
import redis
import time_machine
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory
from rest_framework.test import APIClient

from portal.http import ratelimits
from portal.http.context import RequestContext
from portal.http.ratelimits import Claim, RateLimitMiddleware, TooManyRequests, take
from tests.factories.consent import GrantFactory, admin_token_for, token_for
from tests.factories.registration import ClientFactory, CredentialFactory
from tests.rates import rates

pytestmark = pytest.mark.usefixtures("stopped_clock")


def answer_to(*claims):
    """Return the response to a request that touches these limits."""

    def view(request):
        take(*claims)
        return HttpResponse()

    return RateLimitMiddleware(view)(RequestFactory().get("/"))


def test_the_limit_passes_and_one_more_does_not():
    """Counts are kept apart by who and by rate."""
    for _ in range(2):
        ratelimits.count("2/min", "a")
    with pytest.raises(TooManyRequests) as refused:
        ratelimits.count("2/min", "a")
    assert 0 < refused.value.retry_after <= 61
    ratelimits.count("2/min", "b")
    ratelimits.count("2/hour", "a")


def test_the_next_window_starts_at_zero():
    """Nobody waits longer than Retry-After says."""
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        ratelimits.count("1/min", "a")
        with pytest.raises(TooManyRequests) as refused:
            ratelimits.count("1/min", "a")
        clock.shift(refused.value.retry_after)
        ratelimits.count("1/min", "a")


def test_counts_end_with_their_window():
    """The server forgets them by itself."""
    take(Claim("7/min", "a"), Claim("7/hour", "a"), Claim("7/day", "a", 0))
    server = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    left = sorted(server.ttl(key) for key in server.scan_iter("rate:7/*"))
    assert [0 < left[0] <= 60, 60 < left[1] <= 3600, len(left)] == [True, True, 2]


def test_looking_does_not_count():
    """A right secret after too many wrong ones is refused, yet uses nothing up."""
    look = Claim("1/min", "a", 0)
    take(look)
    take(look)
    ratelimits.count("1/min", "a")
    with pytest.raises(TooManyRequests):
        take(look)


def test_headers_tell_of_the_limit_nearest_to_its_end():
    """Limit, what is left, and the seconds until it starts anew."""
    answer = answer_to(Claim("10/min", "a"), Claim("3/hour", "a"))
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("3", "2")
    assert 0 < int(answer["X-RateLimit-Reset"]) <= 3601
    assert not answer_to().has_header("X-RateLimit-Limit")


@pytest.mark.django_db
def test_api_answers_carry_the_headers_and_refusals_say_when_to_return(settings):
    """On every API, also those that name no throttle themselves."""
    rates(settings, api="1/min")
    api = APIClient()
    api.credentials(
        HTTP_AUTHORIZATION=f"Bearer {admin_token_for(ClientFactory.create(admin=True))}"
    )
    first, second = api.get("/cds-api/v1/grants"), api.get("/cds-api/v1/grants")
    assert (first.status_code, second.status_code) == (200, 429)
    assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("1", "0")
    assert second["Retry-After"] == second["X-RateLimit-Reset"]
    assert second.json()["error"] == "slow_down"


@pytest.mark.django_db
def test_customer_data_is_limited_by_credential(settings):
    """CDS-WG1-02 11.3: the other Credential of the same Client still works."""
    rates(settings, api_credential="1/min")
    grant = GrantFactory.create()
    first, second = CredentialFactory.create_batch(2, client=grant.client)

    def answer(credential):
        raw = token_for(grant, credential=credential)
        headers = {"authorization": f"Bearer {raw}"}
        return APIClient().get("/cds-customerdata-api/v1/accounts", headers=headers).status_code

    assert [answer(first), answer(first), answer(second)] == [200, 429, 200]


@pytest.mark.django_db
def test_guessing_tokens_is_limited_by_address(settings):
    """CDS-WG1-02 11.3: failed authentication on authenticated endpoints."""
    rates(settings, auth_failures="2/min")
    headers = {"authorization": "Bearer guess"}
    answers = [APIClient().get("/cds-api/v1/clients", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].has_header("Retry-After")
    assert not answers[2].has_header("WWW-Authenticate")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/introspect", "/oauth/revoke"])
def test_guessing_secrets_is_limited_over_many_clients(settings, path):
    """One address that tries one secret with many client ids is stopped as well."""
    rates(settings, auth_failures="2/min")
    answers = [
        APIClient().post(
            path,
            "grant_type=client_credentials&token=x",
            content_type="application/x-www-form-urlencoded",
            headers={"authorization": "Basic " + basic(f"cl_{number}", "guess")},
        )
        for number in range(3)
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].has_header("Retry-After")


@pytest.mark.django_db
def test_too_many_wrong_secrets_lock_out_the_right_one(settings):
    """Else the one guess that works would tell itself apart."""
    rates(settings, token_failures="1/min")
    credential = CredentialFactory.create(client=ClientFactory.create(admin=True))
    client_id = credential.client.client_id

    def answer(secret):
        headers = {"authorization": "Basic " + basic(client_id, secret)}
        body = "grant_type=client_credentials&scope=cds_client_admin"
        kind = "application/x-www-form-urlencoded"
        return APIClient().post("/oauth/token", body, content_type=kind, headers=headers)

    assert answer(credential.secret).status_code == 200
    assert answer("guess").status_code == 401
    assert answer(credential.secret).status_code == 429


@pytest.mark.django_db
def test_strangers_cannot_use_up_a_public_client(settings):
    """Its client_id is public: its requests are counted by address besides."""
    rates(settings, token="1/min")
    client = ClientFactory.create(public=True)

    def answer(address):
        return APIClient().post(
            "/oauth/token",
            f"grant_type=authorization_code&code=x&client_id={client.client_id}",
            content_type="application/x-www-form-urlencoded",
            REMOTE_ADDR=address,
        )

    seen = [answer("192.0.2.1").status_code, answer("192.0.2.1").status_code]
    assert [*seen, answer("192.0.2.2").status_code] == [400, 429, 400]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        (None, ""),
    ],
)
def test_one_connection_is_counted_once(address, network):
    """A /64 holds as many addresses as somebody cares to use."""
    assert RequestContext(address=address).network == network


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/oauth/token", "/cds-api/v1/clients", "/.well-known/cds-server-metadata.json"]
)
def test_other_addresses_of_the_same_network_share_the_limit(settings, path):
    """Else a home connection registers and guesses without end."""
    rates(settings, auth_failures="1/min", public="1/min")
    headers = {"authorization": "Basic " + basic("cl_x", "guess")}
    if path.startswith("/cds-api"):
        headers = {"authorization": "Bearer guess"}

    def answer(address):
        if path != "/oauth/token":
            return APIClient().get(path, headers=headers, REMOTE_ADDR=address).status_code
        body, kind = "grant_type=client_credentials", "application/x-www-form-urlencoded"
        sent = APIClient().post(path, body, content_type=kind, headers=headers, REMOTE_ADDR=address)
        return sent.status_code

    first, second = answer("2001:db8::1"), answer("2001:db8::2")
    assert (first != 429, second, answer("2001:db8:0:1::1")) == (True, 429, first)


def refusals(settings, mode):
    """Return which limits refuse a second time, and whether a request of an API is told of one."""
    settings.RATE_LIMITS = mode
    refused = set()
    for rate in ("api", "bodies", "token_failures", "5/day"):
        try:
            take(Claim(rate, "a"), Claim(rate, "a", 10_000_000))
        except TooManyRequests:
            refused.add(rate)
    return refused, answer_to(Claim("api", "b")).has_header("X-RateLimit-Limit")


def test_limits_can_be_left_to_the_proxy(settings):
    """It sees requests and addresses, never a wrong secret or what somebody stored."""
    assert refusals(settings, "all") == ({"api", "bodies", "token_failures", "5/day"}, True)
    assert refusals(settings, "guesses") == ({"token_failures", "5/day"}, False)
    assert refusals(settings, "none") == (set(), False)


def test_without_limits_redis_is_not_asked(settings):
    """Where there is none, nothing fails."""
    settings.REDIS_OPTIONAL = False
    nowhere = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": nowhere}
    settings.RATE_LIMITS = "none"
    ratelimits.count("1/min", "a")
    ratelimits.count("1/min", "a")
    settings.RATE_LIMITS = "all"
    with pytest.raises(redis.RedisError):
        ratelimits.count("1/min", "a")


def basic(client_id, secret):
    """Return the credentials part of HTTP Basic."""
    return base64.b64encode(f"{client_id}:{secret}".encode()).decode()
