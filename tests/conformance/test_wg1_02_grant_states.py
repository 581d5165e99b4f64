"""CDS-WG1-02 8: what the states of a Grant open, requests about one Grant, the listing's rules."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from consent.models import Grant
from consent.services.grants.change_by_utility import require_sub_grants, suspend_grant
from consent.services.grants.lifecycle import (
    GrantTerms,
    create_grant,
    end_grant,
    lock_grant,
    settle_parent,
)
from tests.consent.oauth.support import (
    Party,
    answer_of,
    ask_token,
    authorize_url,
    details,
)
from tests.consent.pages.world import MERGED, answer, form_url, make_world
from tests.factories.consent import GrantFactory, admin_token_for, token_for
from tests.registration.schemas import problems

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/grants"
USAGE = "/cds-customerdata-api/v1/usage-segments"
spec = pytest.mark.spec


def bearer(raw: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {raw}"}


def listing(acme: Party, **query: str) -> Any:
    """Return what the admin Client sees."""
    return Browser().get(LIST, query, headers=bearer(admin_token_for(acme.admin))).json()


@spec("WG1-02 8.2 d")
@pytest.mark.parametrize("status", ["disabled", "revoked", "closed", "expired"])
def test_ended_states(acme, status):
    """What was granted stays readable; the token is unknown from then on."""
    grant = GrantFactory.create(client=acme.app)
    raw = token_for(grant)
    assert Browser().get(USAGE, headers=bearer(raw)).status_code == 200
    end_grant(grant=grant, status=Grant.Status(status), reason="test", by="system")
    assert Browser().get(USAGE, headers=bearer(raw)).status_code == 401
    (shown,) = listing(acme, grant_ids=grant.grant_id)["grants"]
    assert (shown["status"], shown["scope"]) == (status, grant.scope)
    assert (shown["enabled_scope"], shown["enabled_authorization_details"]) == ("", [])


@spec("WG1-02 8.2 d")
def test_a_pause_and_a_grant_for_later(acme):
    """No data with a token of before, none by the grant admin, nothing in the enabled fields."""
    grant = GrantFactory.create(client=acme.app)
    raw = token_for(grant)
    assert Browser().get(USAGE, headers=bearer(raw)).status_code == 200
    suspend_grant(grant=grant, reason="test", by="system")
    later = create_grant(
        client=acme.app,
        user=grant.user,
        by="system",
        terms=GrantTerms(
            authorization_details=grant.authorization_details,
            scope=grant.scope,
            not_before=timezone.now() + timedelta(days=1),
        ),
    )
    for closed, status in ((grant, "suspended"), (later, "future")):
        (shown,) = listing(acme, grant_ids=closed.grant_id)["grants"]
        assert (shown["status"], shown["scope"]) == (status, grant.scope)
        assert (shown["enabled_scope"], shown["enabled_authorization_details"]) == ("", [])
        assert Browser().get(USAGE, headers=bearer(token_for(closed))).status_code == 401
        entry = {
            "type": "cds_grant_admin_1",
            "client_id": acme.app.client_id,
            "grant_id": closed.grant_id,
        }
        refused = ask_token(
            acme.grant_admin_credential,
            grant_type="client_credentials",
            authorization_details=details(entry),
        )
        assert refused.status_code == 400
    assert Browser().get(USAGE, headers=bearer(raw)).status_code == 401


@spec("WG1-02 8.2 b")
def test_pending(acme):
    """The client need not wait to begin."""
    grant = GrantFactory.create(client=acme.app, pending=True)
    raw = token_for(grant)
    assert Browser().get(USAGE, headers=bearer(raw)).status_code == 200
    (shown,) = listing(acme, grant_ids=grant.grant_id)["grants"]
    assert shown["eta"] is not None
    active = GrantFactory.create(client=acme.app)
    (shown,) = listing(acme, grant_ids=active.grant_id)["grants"]
    assert shown["eta"] is None


@spec("WG1-02", "8.1", "not modified since creation: modified equals created")
def test_new_grant(acme):
    """Also the shape of a Grant that nothing happened to."""
    grant = GrantFactory.create(client=acme.app)
    (shown,) = listing(acme, grant_ids=grant.grant_id)["grants"]
    assert problems("Grant", shown) == []
    assert shown["modified"] == shown["created"]
    assert (shown["parent"], shown["children"], shown["replacing"], shown["replaced_by"]) == (
        None,
        [],
        [],
        [],
    )


@spec("WG1-02 8.4 c")
def test_order(acme):
    """Whatever the order of creation."""
    now = timezone.now()
    for days in (2, 9, 5):
        GrantFactory.create(client=acme.app, modified=now - timedelta(days=days))
    times = [grant["modified"] for grant in listing(acme)["grants"]]
    assert len(times) == 4
    assert times == sorted(times, reverse=True)


@spec("WG1-02 8.4 b")
def test_filters(acme):
    """Each alone, both together, and an empty array for nothing."""
    first = GrantFactory.create(client=acme.app, scope="cds_usage")
    GrantFactory.create(client=acme.app, scope="cds_usage", revoked=True)
    GrantFactory.create(client=acme.app, scope="cds_service_contracts")
    query = {"statuses": "active pending", "scopes": "cds_usage"}
    assert [grant["grant_id"] for grant in listing(acme, **query)["grants"]] == [first.grant_id]
    nothing = listing(acme, parents=first.grant_id)
    assert nothing == {"grants": [], "next": None, "previous": None}


@spec("WG1-02 8.6 g", "WG1-02 8.6 h")
def test_modifying(acme):
    """Nothing changes in either case."""
    grant = GrantFactory.create(client=acme.app)
    headers = bearer(admin_token_for(acme.admin))

    def patch(body: object) -> Any:
        path = f"{LIST}/{grant.grant_id}"
        text = json.dumps(body)
        return Browser().patch(path, text, content_type="application/json", headers=headers)

    assert patch({"status": "active"}).status_code == 400
    ignored = patch({"client_id": "cl_other", "expires": None, "receipt_confirmations": ["X"]})
    assert ignored.status_code == 200
    after = Grant.objects.get(pk=grant.pk)
    assert (after.client_id, after.status) == (grant.client_id, "active")


@spec("WG1-02 8.3 c", "WG1-02 8.3 d")
def test_unfit_grant_id(acme):
    """At the redirect URI, before anybody signs in."""

    def error(**query: str) -> str:
        response = Browser().get(authorize_url(acme.app, **query))
        return answer_of(response["Location"])["error"]

    assert error(cds_grant_id="gr_unknown") == "cds_grant_id_invalid_value"
    assert error(cds_grant_id="gr_unknown", scope="cds_unknown") == "invalid_scope"


@spec("WG1-02 8.3 f")
@pytest.mark.parametrize("second", ["same", "gr_unknown"])
def test_two_grant_ids(acme, second):
    """Refused even when both are the same; an empty one beside it would not count."""
    grant = GrantFactory.create(client=acme.app, waiting=True)
    url = authorize_url(acme.app, scope=grant.scope, cds_grant_id=grant.grant_id)
    assert Browser().get(f"{url}&cds_grant_id=").status_code == 303
    other = grant.grant_id if second == "same" else second
    response = Browser().get(f"{url}&cds_grant_id={other}")
    assert answer_of(response["Location"])["error"] == "invalid_request"


@spec("WG1-02 8.2 c")
@pytest.mark.parametrize("status", Grant.Status.values)
def test_sufficient_sub_grants_are_documented(acme, status):
    """The page about Grants names exactly the statuses with which a parent goes on."""
    page = Browser().get("/docs/registration/").content.decode()
    paragraph = page.partition("<code>needs_sub_grants</code>")[2].partition("</p>")[0]
    parent = GrantFactory.create(client=acme.app)
    child = GrantFactory.create(client=acme.app, parent=parent)
    require_sub_grants(grant=parent, by="system")
    is_open = status not in Grant.WITHOUT_ACCESS
    closed = {} if is_open else {"enabled_scope": "", "enabled_authorization_details": []}
    Grant.objects.filter(pk=child.pk).update(status=status, **closed)
    with transaction.atomic():
        settle_parent(lock_grant(child))
    parent.refresh_from_db()
    goes_on = parent.status != "needs_sub_grants"
    assert goes_on == (status in Grant.ENDED or f"<code>{status}</code>" in paragraph)


@spec("WG1-02 8.3 i", "WG1-02 8.3 j")
def test_waiting_grant(monkeypatch):
    """No second Grant appears."""
    world = make_world(monkeypatch)
    grant = GrantFactory.create(client=world.client, user=world.alice, waiting=True)
    request = world.ask(details=MERGED, cds_grant_id=grant.grant_id)
    world.browser.post(form_url(request), answer("sc_222222"))
    assert Grant.objects.get().grant_id == grant.grant_id
    assert Grant.objects.get().status == "active"


@spec("WG1-02 8.3 h")
def test_grant_of_somebody_else(monkeypatch):
    """Known only after sign-in; nothing is granted."""
    world = make_world(monkeypatch)
    grant = GrantFactory.create(client=world.client, user=world.carol, waiting=True)
    request = world.ask(details=MERGED, cds_grant_id=grant.grant_id)
    response = world.browser.get(form_url(request))
    assert answer_of(response["Location"])["error"] == "cds_grant_id_invalid_user"
    assert Grant.objects.get().status == "needs_authorization"
