"""The Messages API: reading, paging, marking."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories.registration import MessageFactory
from tests.registration.support import admin_caller, offer_demo_scopes

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/messages"


@pytest.fixture
def api():
    offer_demo_scopes()
    return admin_caller()[0]


@pytest.fixture
def make(api):
    registration = api.handler._force_user.registration
    return lambda **fields: MessageFactory.create(registration=registration, **fields)


def ids(rows):
    return [row["message_id"] for row in rows]


def test_three_lists(api, make):
    """A waiting Message is outstanding and unread at once; others' Messages never show."""
    now = timezone.now()
    waiting = make(status="pending", type="field_changes", modified=now)
    unread = make(modified=now - timedelta(hours=1))
    read = make(read=True, modified=now + timedelta(hours=1))
    MessageFactory.create()
    body = api.get(LIST).json()
    assert ids(body["outstanding"]) == [waiting.message_id]
    assert ids(body["unread"]) == [waiting.message_id, unread.message_id]
    assert ids(body["read"]) == [read.message_id]
    assert set(body) == {
        f"{name}{end}"
        for name in ("outstanding", "unread", "read")
        for end in ("", "_next", "_previous")
    }


def test_ids_filter_all_three(api, make):
    """CDS-WG1-02 6.8."""
    wanted, other = make(), make()
    body = api.get(LIST, {"message_ids": f"{wanted.message_id} unknown"}).json()
    assert ids(body["unread"]) == [wanted.message_id]
    assert other.message_id not in str(body)


@pytest.mark.spec("WG1-02 6.8 c")
def test_pages_belong_to_one_list(api, make):
    """The page of one list leaves the others empty, and each Message comes once."""
    now = timezone.now()
    made = [make(modified=now - timedelta(minutes=n)) for n in range(103)]
    make(read=True)
    first = api.get(LIST).json()
    second = api.get(first["unread_next"]).json()
    assert ids(first["unread"] + second["unread"]) == [row.message_id for row in made]
    assert second["unread_next"] is None
    assert second["read"] == second["outstanding"] == []
    assert api.get(second["unread_previous"]).json()["unread"] == first["unread"]
    assert first["read_next"] is first["unread_previous"] is None


def test_a_foreign_cursor_is_refused(api):
    """Not an error of ours."""
    assert api.get(LIST, {"read_cursor": "abc"}).status_code == 400


def test_marking_moves_a_message(api, make):
    """Only `read` changes; everything else in the body is ignored."""
    message = make()
    path = f"{LIST}/{message.message_id}"
    answer = api.patch(path, {"read": True, "name": "mine", "status": "open"}, format="json")
    assert answer.status_code == 200
    assert answer.json() == api.get(path).json()
    assert (answer.json()["read"], answer.json()["name"]) == (True, message.name)
    assert api.get(LIST).json()["unread"] == []
    assert api.patch(path, {"read": False}, format="json").json()["read"] is False


@pytest.mark.parametrize("payload", [{"read": "true"}, {"read": None}, {"read": 1}, []])
def test_read_is_a_boolean(api, make, payload):
    """Anything else is named."""
    message = make()
    answer = api.patch(f"{LIST}/{message.message_id}", payload, format="json")
    assert answer.status_code == 400
    message.refresh_from_db()
    assert not message.read


def test_others_messages_are_404(api):
    """For reading and marking."""
    path = f"{LIST}/{MessageFactory.create().message_id}"
    assert api.get(path).status_code == 404
    assert api.patch(path, {"read": True}, format="json").status_code == 404


def test_a_reply_names_what_it_answers(api, make):
    """`previous_uri` leads to the earlier Message."""
    first = make()
    reply = make(previous=first)
    body = api.get(f"{LIST}/{reply.message_id}").json()
    assert body["previous_uri"] == f"http://testserver{LIST}/{first.message_id}"
    assert body["creator"] is None


@pytest.mark.parametrize("count", [1, 20, 100])
def test_the_listing_costs_the_same_for_any_length(api, make, django_assert_num_queries, count):
    """Two per list: the Messages, and the files of all of them."""
    for _ in range(count):
        make(previous=make(), status="pending", type="support_request")
        make(read=True)
    with django_assert_num_queries(6):
        api.get(LIST)
