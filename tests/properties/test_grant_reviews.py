"""Whatever a Client wants and staff do in whatever order: files open when somebody said so."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.models import Grant
from consent.services.grants import change_by_utility as staff
from consent.services.grants.change_by_client import patch_grant
from consent.services.grants.lifecycle import compute_grant
from portal.errors import DomainError
from registration.models import Message
from registration.services.reviews.decide import approve_request, reject_request
from tests.consent.files_party import SCOPE, Party
from tests.consent.oauth.support import offer_demo_scopes, plug_in_listener

pytestmark = pytest.mark.django_db

wishes = st.tuples(st.just("want"), st.lists(st.integers(0, 2), unique=True, max_size=3))
others = st.tuples(
    st.sampled_from(["approve", "reject", "suspend", "resume", "compute", "delayed"]), st.none()
)


@pytest.fixture
def party(monkeypatch):
    """A party, and three files for it."""
    plug_in_listener(monkeypatch)
    offer_demo_scopes()
    return Party()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(wishes | others, min_size=1, max_size=8))
def test_nothing_opens_that_nobody_gave(party, steps):
    """What is open was shared or approved; a Grant waits exactly while one Message does."""
    files = [party.upload(name=f"{number}.csv", data=b"1") for number in range(3)]
    grant = party.share(files[0])
    given_ids = {files[0].file_id}
    for name, numbers in steps:
        before = Grant.objects.get(pk=grant.pk)
        try:
            step(name, before, [files[number].file_id for number in numbers or ()])
        except DomainError:
            after = Grant.objects.get(pk=grant.pk)
            assert after.modified == before.modified
            continue
        after = Grant.objects.select_related("review").get(pk=grant.pk)
        if name == "approve":
            given_ids = ids(before.published_details)
        assert ids(after.authorization_details) <= given_ids
        given_ids = ids(after.authorization_details)
        open_ids = ids(after.enabled_authorization_details)
        assert open_ids == (set() if after.status in Grant.WITHOUT_ACCESS else given_ids)
        waiting = Message.objects.filter(
            type="field_changes", status="pending", client=grant.client
        )
        uri = f"/{grant.grant_id}"
        assert [m.pk for m in waiting if m.related_uri.endswith(uri)] == (
            [after.review.pk] if after.review else []
        )
        assert after.is_asking == after.is_under_review
        assert (after.status == "pending") <= after.is_under_review
        if after.is_under_review:
            assert after.status in {"pending", "suspended"}


def ids(entries):
    """Return the files that entries name."""
    return {entry["file_id"] for entry in entries}


def step(name, grant, file_ids):
    """Do one thing."""
    match name:
        case "want":
            entries = [{"type": SCOPE, "file_id": file_id} for file_id in file_ids]
            patch_grant(grant=grant, changes={"authorization_details": entries}, by="client:test")
        case "approve" | "reject" if grant.review is None:
            return
        case "approve":
            approve_request(message=grant.review, by="system")
        case "reject":
            reject_request(message=grant.review, reason="no", by="system")
        case "suspend":
            staff.suspend_grant(grant=grant, reason="test", by="system")
        case "resume":
            staff.resume_grant(grant=grant, by="system")
        case "compute":
            compute_grant(grant_id=grant.grant_id)
        case "delayed":
            staff.report_data_state(grant=grant, status="delayed", by="system")
