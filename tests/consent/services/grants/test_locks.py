"""Locks of Grants come in the order of registration.services.locks, whatever was read before."""

import re
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consent.models import Grant
from consent.services.grants.change_by_client import patch_grant
from consent.services.grants.change_by_utility import InvalidStaffChange
from consent.services.grants.lifecycle import end_grant
from consent.services.grants.review import HANDLER, KEY
from consent.services.receipts import stop_sharing
from registration.models import Client, Message
from registration.services.messages import handlers as message_handlers
from registration.services.messages.handlers import RequestHandler
from registration.services.messages.write import ForbiddenStatus
from registration.services.reviews.decide import approve_request
from tests.consent.files_party import SCOPE, Party
from tests.consent.oauth.support import offer_demo_scopes, plug_in_listener
from tests.factories.consent import GrantFactory, ReceiptFactory
from tests.races import after, at_once, wait_until_somebody_waits

pytestmark = pytest.mark.django_db


class World(Party):
    """A party with a Grant of one file, as somebody read it before its review was opened."""

    def __init__(self) -> None:
        super().__init__()
        files = self.upload(data=b"1"), self.upload(name="b.csv", data=b"2")
        self.wish = [{"type": SCOPE, "file_id": file.file_id} for file in files]
        pk = self.share(files[0]).pk
        self.read_before = Grant.objects.select_related("review").get(pk=pk)
        fresh = Grant.objects.get(pk=pk)
        patch_grant(grant=fresh, changes={"authorization_details": self.wish}, by="client:x")
        assert self.read_before.review is None

    def grant(self) -> Grant:
        """The Grant as it is now."""
        return Grant.objects.get(pk=self.read_before.pk)


@pytest.fixture
def party(monkeypatch):
    """Its Grant is under review."""
    plug_in_listener(monkeypatch)
    offer_demo_scopes()
    return World()


def locked_tables(queries) -> list[str]:
    """The tables whose rows were locked, each when that first happened."""
    texts = [str(each["sql"]) for each in queries]
    texts = [text for text in texts if "FOR NO KEY UPDATE" in text]
    found = [re.findall(r'FROM "(\w+)"', text)[-1] for text in texts]
    return list(dict.fromkeys(found))


def test_a_review_that_opened_meanwhile_is_locked_before_its_grant(party):
    """The Message that counts is that of now, not that of the row that somebody holds."""
    with CaptureQueriesContext(connection) as queries:
        end_grant(grant=party.read_before, status="disabled", reason="x", by="system")
    assert locked_tables(queries) == [
        "registration_registration",
        "registration_client",
        "registration_message",
        "consent_grant",
    ]
    assert Message.objects.get(type="field_changes").status == "rejected"


def test_grants_of_customers_wait_for_no_party(party):
    """They are never reviewed, and a party may have a great many of them."""
    grant = GrantFactory.create()
    with CaptureQueriesContext(connection) as queries:
        end_grant(grant=grant, status="revoked", reason="x", by="system")
    assert locked_tables(queries) == ["consent_grant"]


def test_files_are_shared_with_a_client_as_it_is_now(party):
    """It may have given the scope up since somebody looked at it."""
    stale = party.files
    Client.objects.filter(pk=stale.pk).update(scopes=["cds_grant_admin_1"])
    with pytest.raises(InvalidStaffChange):
        party.share(party.upload(data=b"3"))


def test_a_receipt_locks_the_grant_above_first(party):
    """As any other way to a Grant does; and tokens can still be made beside it."""
    parent = GrantFactory.create()
    child = GrantFactory.create(parent=parent)
    receipt = ReceiptFactory.create(grant=child)
    with CaptureQueriesContext(connection) as queries:
        stop_sharing(receipt=receipt, by="system")
    locks = [
        each["sql"] for each in queries if "FOR UPDATE" in each["sql"] or "NO KEY" in each["sql"]
    ]
    of_grants = [text for text in locks if 'FROM "consent_grant"' in text]
    assert f'"consent_grant"."id" = {parent.pk} ' in of_grants[0]
    assert all("FOR NO KEY UPDATE" in text for text in of_grants)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", ["end", "patch"])
def test_a_review_is_decided_while_somebody_knows_nothing_of_it(party, monkeypatch, change):
    """One after the other; each waiting for the other would throw one of them out."""
    begun = threading.Event()

    def approve(request, options, by):
        begun.set()
        assert wait_until_somebody_waits()
        return HANDLER.approve(request, options, by)

    handlers = {KEY: RequestHandler(approve=approve, reject=HANDLER.reject)}
    monkeypatch.setattr(message_handlers, "request_handlers", handlers)
    stale = party.read_before
    changes = {"authorization_details": party.wish[:1]}
    calls: dict[str, Callable[[], Any]] = {
        "end": partial(end_grant, grant=stale, status="disabled", reason="x", by="system"),
        "patch": partial(patch_grant, grant=stale, changes=changes, by="client:x"),
    }
    message = Message.objects.get(type="field_changes")
    decided, done = at_once(
        partial(approve_request, message=message, by="system"), partial(after, begun, calls[change])
    )
    assert decided.status == "complete"
    assert not isinstance(done, Exception)
    assert party.grant().status == ("disabled" if change == "end" else "active")
    with pytest.raises(ForbiddenStatus):
        approve_request(message=message, by="system")
