"""No sequence of calls by one party returns or changes an object of another."""

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from registration import urls_of
from tests.properties.listings import listing_views
from tests.properties.parties import LISTINGS, Party, call, make_party
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db

# Which ids each filter takes, or which of the texts below.
_SINCE = {"after": "times", "before": "times"}
FILTERS: dict[str, dict[str, str]] = {
    "clients": {"client_ids": "clients"},
    "credentials": {"credential_ids": "credentials", "client_ids": "clients", **_SINCE},
    "messages": {"message_ids": "messages"},
    "grants": {
        **_SINCE,
        "grant_ids": "grants",
        "client_ids": "clients",
        "parents": "grants",
        "receipt_confirmations": "receipts",
        "states": "words",
        "statuses": "words",
        "scopes": "words",
    },
    "server-provided-files": {"file_ids": "server-provided-files"},
}
TEXTS = {
    "times": ["2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"],
    "words": ["active", "revoked", "cds_usage", "cds_client_admin", "state-1", ".*"],
}
CHANGES: dict[str, list[dict[str, Any]]] = {
    "clients": [{"client_name": "Taken over"}, {"cds_status": "disabled"}, {"scope": "cds_usage"}],
    "credentials": [{"client_secret_expires_at": 1}, {}],
    "messages": [{"read": True}, {"read": False}],
    "grants": [{"status": "closed"}, {"scope": "cds_usage"}, {"authorization_details": []}],
    "server-provided-files": [{"name": "taken-over.txt"}, {"size": 0}],
}

kinds = st.sampled_from(sorted(FILTERS))
owners = st.sampled_from(["a", "b"])
numbers = st.integers(0, 5)


@st.composite
def listings(draw: st.DrawFn) -> tuple[Any, ...]:
    """A listing with any of its filters, ids of both parties mixed."""
    kind = draw(kinds)
    chosen = draw(st.lists(st.sampled_from(sorted(FILTERS[kind])), unique=True, max_size=3))
    picks = [
        (name, draw(st.lists(st.tuples(owners, numbers), min_size=1, max_size=3)))
        for name in chosen
    ]
    return ("list", kind, picks)


operations = st.one_of(
    listings(),
    st.tuples(st.just("get"), kinds, owners, numbers),
    st.tuples(st.just("download"), owners, numbers),
    st.tuples(
        st.just("change"), kinds, owners, numbers, st.sampled_from(["PUT", "PATCH"]), numbers
    ),
    st.tuples(st.just("create"), st.sampled_from(["credentials", "messages"]), owners, numbers),
    st.tuples(st.just("oauth"), st.sampled_from(["introspect", "revoke"]), owners, numbers),
    st.tuples(st.just("grant_admin"), owners, owners, numbers),
)


class World:
    """Party b acts; party a must not notice."""

    def __init__(self) -> None:
        self.parties = {"a": make_party(), "b": make_party()}
        self.b: Party = self.parties["b"]

    def pick(self, kind: str, owner: str, number: int) -> str:
        ids = self.parties[owner].ids[kind]
        return ids[number % len(ids)]

    def act(self, operation: tuple[Any, ...]) -> Any:
        """Run one operation as b; return the response."""
        return getattr(self, f"_{operation[0]}")(*operation[1:])

    def _list(self, kind: str, picks: list[tuple[str, list[tuple[str, int]]]]) -> Any:
        query = []
        for name, values in picks:
            of = FILTERS[kind][name]
            known = TEXTS.get(of)
            texts = [known[v[1] % len(known)] if known else self.pick(of, *v) for v in values]
            query.append((name, texts[0] if of == "times" else " ".join(texts)))
        return call(self.b.api_of(kind), "GET", f"/cds-api/v1/{kind}?{urlencode(query)}")

    def _get(self, kind: str, owner: str, number: int) -> Any:
        path = f"/cds-api/v1/{kind}/{self.pick(kind, owner, number)}"
        return call(self.b.api_of(kind), "GET", path)

    def _download(self, owner: str, number: int) -> Any:
        kind = "server-provided-files"
        path = f"/cds-api/v1/{kind}/{self.pick(kind, owner, number)}/download"
        return call(self.b.api_of(kind), "GET", path)

    def _change(self, kind: str, owner: str, number: int, method: str, change: int) -> Any:
        body = CHANGES[kind][change % len(CHANGES[kind])]
        # Immutable fields of the other party ride along.
        body = body | {"client_id": self.pick("clients", "a", change)} if change > 3 else body
        path = f"/cds-api/v1/{kind}/{self.pick(kind, owner, number)}"
        return call(self.b.api_of(kind), method, path, body)

    def _create(self, kind: str, owner: str, number: int) -> Any:
        bodies = {
            "credentials": {"client_id": self.pick("clients", owner, number)},
            "messages": {
                "type": "private_message",
                "name": "n",
                "description": "d",
                "previous_uri": urls_of.message_uri(self.pick("messages", owner, number)),
            },
        }
        return call(self.b.api, "POST", f"/cds-api/v1/{kind}", bodies[kind])

    def _oauth(self, endpoint: str, owner: str, number: int) -> Any:
        tokens = self.parties[owner].tokens
        return self._form("consent", endpoint, {"token": tokens[number % len(tokens)]})

    def _grant_admin(self, client: str, grant: str, number: int) -> Any:
        entry = {
            "type": "cds_grant_admin_1",
            "client_id": self.pick("clients", client, number),
            "grant_id": self.pick("grants", grant, number),
        }
        details = json.dumps([entry])
        form = {"grant_type": "client_credentials", "authorization_details": details}
        return self._form("grant_admin", "token", form)

    def _form(self, caller: str, endpoint: str, form: dict[str, str]) -> Any:
        credential = self.b.credentials[caller]
        pair = f"{quote(credential.client.client_id)}:{quote(credential.secret)}".encode()
        return APIClient().post(
            f"/oauth/{endpoint}",
            urlencode(form),
            content_type="application/x-www-form-urlencoded",
            headers={"authorization": f"Basic {base64.b64encode(pair).decode()}"},
        )


def _leaks(answer: Any, theirs: Party) -> list[str]:
    """Return what of the other party an answer holds; addresses of pages repeat the question."""
    content = answer.getvalue()
    is_json = answer.headers["Content-Type"].startswith("application/json")
    body = json.loads(content) if is_json and content else content
    if isinstance(body, dict):
        paging = ("next", "previous")
        body = {name: value for name, value in body.items() if not name.endswith(paging)}
    text = repr(body)
    ids = [item for group in theirs.ids.values() for item in group]
    return [item for item in (*ids, *theirs.secrets) if item in text]


def test_every_listing_of_a_party_is_tried():
    """With every filter that it declares; who adds one adds it here."""
    prefix = "/cds-api/v1/"
    views = {path.removeprefix(prefix): v for path, v in listing_views().items() if prefix in path}
    assert set(FILTERS) == set(CHANGES) == set(LISTINGS) == set(views)
    for kind, view in views.items():
        assert {item.name for item in getattr(view, "filters", ())} <= set(FILTERS[kind]), kind


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(operations, min_size=1, max_size=12))
def test_one_party_never_meets_another(steps):
    """Listings, objects, changes, tokens: whatever b does, in whatever order."""
    offer_demo_scopes()
    with transaction.atomic():
        world = World()
        theirs = world.parties["a"]
        before = theirs.objects()
        for step in steps:
            answer = world.act(step)
            assert answer.status_code < 500, (step, answer.content)
            if answer.status_code < 300:
                assert _leaks(answer, theirs) == [], step
        assert theirs.objects() == before
        transaction.set_rollback(True)


@pytest.mark.parametrize("kind", sorted(FILTERS))
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_anothers_object_looks_like_none(kind, method):
    """404 for every method and kind, the same as for an id that does not exist."""
    offer_demo_scopes()
    world = World()
    api = world.b.api_of(kind)
    theirs = call(api, method, f"/cds-api/v1/{kind}/{world.pick(kind, 'a', 0)}", {})
    nobodys = call(api, method, f"/cds-api/v1/{kind}/unknown", {})
    assert theirs.status_code == nobodys.status_code
    assert theirs.status_code in {404, 405}
    different = {"request_id"}
    assert {k: v for k, v in theirs.json().items() if k not in different} == {
        k: v for k, v in nobodys.json().items() if k not in different
    }
