"""Nobody learns who is a customer here: the same answers, and the same work behind them."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import hashers
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.models import OutboxEntry, User
from tests.mails import delivered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stopped_clock")]
PASSWORD = "a-long-enough-password"
WAYS: dict[str, tuple[str, str, dict[str, str]]] = {
    "sign-in": ("/accounts/login/", "login", {"password": "guess-guess"}),
    "sign-up": ("/accounts/signup/", "email", {"password1": PASSWORD, "password2": PASSWORD}),
    "reset": ("/accounts/password/reset/", "email", {}),
}
UNKNOWN = "nobody@example.com"


# Taking back costs one mark of a savepoint more than keeping.
_MARKS = re.compile("(RELEASE |ROLLBACK TO )?SAVEPOINT")


_SHAPE = re.compile(
    r"SAVEPOINT|RELEASE|ROLLBACK TO|\b(?:SELECT|INSERT|UPDATE|DELETE)\b"
    r'|(?:FROM|INTO|UPDATE) "\w+"'
)


def shape(sql: str) -> str:
    """Return what a statement does, and to which tables."""
    return " ".join(_SHAPE.findall(sql))


@pytest.fixture
def people() -> None:
    """All kinds of people whom an address may belong to."""

    def make(name: str, password: str | None = PASSWORD, **fields: Any) -> User:
        user = User.objects.create_user(f"{name}@example.com", password, **fields)
        verified = name != "unconfirmed"
        EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
        return user

    known = make("known")
    EmailAddress.objects.create(user=known, email="second@example.com", verified=True)
    EmailAddress.objects.create(user=known, email="written@example.com")
    make("unconfirmed")
    make("closed", is_active=False)
    make("guest", None)
    make("staff", is_staff=True)
    User.objects.create_user("bare@example.com", PASSWORD)


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """Collect what is hashed."""
    done: list[str] = []
    hasher = type(hashers.get_hasher())
    original = hasher.encode

    def encode(self: Any, password: str, *args: Any, **kwargs: Any) -> str:
        done.append(password)
        return original(self, password, *args, **kwargs)

    monkeypatch.setattr(hasher, "encode", encode)
    return done


def work(way: str, address: str, hashed: list[str]) -> dict[str, Any]:
    """Return what a stranger sees, and what was done for it."""
    path, field, fields = WAYS[way]
    hashed.clear()
    waiting = OutboxEntry.objects.count()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = Client().post(path, {field: address, **fields})
    words = answer.content.decode().replace(address, "")
    return {
        "status": answer.status_code,
        "location": answer.get("Location"),
        "words": re.sub(r'value="[^"]*"', "", re.sub(r"\b[a-z0-9]{13}\b", "", words)),
        "cookies": sorted(answer.cookies),
        "headers": sorted(answer.headers),
        "hashed": len(hashed),
        "queries": [sql for each in queries if not _MARKS.match(sql := shape(each["sql"]))],
        "mails": OutboxEntry.objects.count() - waiting,
    }


KINDS = ("known", "second", "written", "unconfirmed", "closed", "guest", "staff", "bare")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_known_and_unknown_addresses_cost_the_same(people, hashed, way, kind):
    """Answer, hashing, queries and mails; hashing takes longer than all else together."""
    known = work(way, f"{kind}@example.com", hashed)
    unknown = work(way, UNKNOWN, hashed)
    assert known == unknown
    assert known["hashed"] == (0 if way == "reset" else 1)
    assert known["mails"] == (0 if way == "sign-in" else 1)


def test_signing_up_with_a_known_address_leaves_nothing(people):
    """What was done for show is undone."""
    before = User.objects.count(), EmailAddress.objects.count()
    fields = {"email": "known@example.com", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", fields)
    assert (User.objects.count(), EmailAddress.objects.count()) == before
    (message,) = delivered()
    assert message.to == ["known@example.com"]
    assert "confirm-email" not in message.body


def test_a_link_that_nobody_made_tells_nothing(people, hashed):
    """The number of a person in it makes no difference, and no row is written for them."""
    seen = []
    EmailAddress.objects.all().delete()
    for uid in (User.objects.get(email="known@example.com").pk, 999_999_999):
        with CaptureQueriesContext(connection) as queries:
            answer = Client().get(f"/accounts/password/reset/key/{uid}-c0ffee-{'0' * 32}/")
        seen.append((answer.status_code, len(queries)))
    assert seen[0] == seen[1]
    assert not EmailAddress.objects.exists()


def test_who_signs_up_again_reads_how_to_get_in(client, people):
    """In our words, and with the link that lets them in."""
    send = {"email": "known@example.com", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", send)
    (mail,) = delivered()
    assert mail.subject == "You already have an account"
    assert "http://testserver/accounts/password/reset/" in mail.body
    assert "signup" not in mail.body
