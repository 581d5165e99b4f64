"""CDS-WG1-02 3.3.2 and 8: Grants, from registration to the end of access, by APIs."""

import json
from datetime import UTC
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from consent.catalogue.details import resolve, to_wire, without_preselections
from consent.models import AuthorizationRequest, Grant
from consent.services.authorization.answer import answer_with_code
from consent.services.grants.lifecycle import GrantTerms, create_grant
from consent.services.sections.choices import entry_access
from portal.models import User
from registration.catalogue.types import scope_types
from registration.models import Client, Credential
from registration.services.catalogue.offers import offers_for
from tests.consent.oauth.support import (
    answer_of,
    ask_token,
    authorize_url,
    details,
    offer_demo_scopes,
    plug_in_listener,
)
from tests.factories.consent import CustomerFactory, GrantFactory, ReceiptFactory
from tests.registration.schemas import problems
from tests.registration.support import register_demo_client

pytestmark = pytest.mark.django_db
LIST = "/cds-api/v1/grants"


def credential_of(**lookup: Any) -> Credential:
    """Return the secret that registration made for a Client."""
    return Credential.objects.select_related("client").get(**lookup)


@pytest.fixture(autouse=True)
def _offers(monkeypatch):
    plug_in_listener(monkeypatch)
    offer_demo_scopes()


@pytest.fixture
def admin():
    """The headers of a registered party's admin token."""
    register_demo_client(scope="cds_client_admin cds_service_contracts cds_usage")
    credential = credential_of(client__scopes=["cds_client_admin"])
    body = ask_token(credential, grant_type="client_credentials", scope="cds_client_admin").json()
    return {"Authorization": f"Bearer {body['access_token']}"}


@pytest.fixture
def app(admin) -> Client:
    """The party's consent Client, as registration made it."""
    found: Client = Client.objects.get(response_types=["code"])
    return found


def consented(app: Client) -> tuple[Grant, str]:
    """Walk through an authorization; return the Grant and the code."""
    response = Browser().get(authorize_url(app, state="my-state"))
    assert response.status_code == 303
    request = AuthorizationRequest.objects.latest("pk")
    user: User = CustomerFactory.create()
    scope_ids = list(dict.fromkeys(entry["type"] for entry in request.access))
    accesses = [access for e in request.access if (access := entry_access(e, offers_for(app)))]
    now = timezone.now()
    grant = create_grant(
        client=app,
        user=user,
        state=request.params["state"],
        by=user,
        terms=GrantTerms(
            authorization_details=[
                without_preselections(
                    to_wire(access.with_values(resolve(access, now=now, zone=UTC))),
                    scope_types()[access.scope_type],
                )
                for access in accesses
            ],
            scope=" ".join(scope_ids),
        ),
    )
    ReceiptFactory.create(grant=grant)
    url = answer_with_code(request=request, grant=grant, user=user)
    return grant, answer_of(url)["code"]


@pytest.mark.spec("WG1-02 8.1 a", "WG1-02 8.4 a")
def test_listing(admin, app):
    """Every kind of Grant fits the schema: administrative, active, pending, ended, waiting."""
    consented(app)
    for trait in ("pending", "revoked", "waiting"):
        GrantFactory.create(client=app, **{trait: True})
    body = Browser().get(LIST, headers=admin).json()
    assert problems("GrantListing", body) == []
    assert len(body["grants"]) == 5


@pytest.mark.spec("WG1-02 8.5 a")
def test_get(admin, app):
    """A bare object, not a listing (decision 32)."""
    grant, _code = consented(app)
    (listed,) = Browser().get(f"{LIST}?grant_ids={grant.grant_id}", headers=admin).json()["grants"]
    path = listed["uri"].removeprefix("http://testserver")
    body = Browser().get(path, headers=admin).json()
    assert problems("Grant", body) == []
    assert body == listed


@pytest.mark.spec("WG1-02 8.2 d", "WG1-02 8.6 b", "WG1-02 8.6 c", "WG1-02 8.6 i")
def test_close(admin, app):
    """200 with the updated object; the tokens are dead at once, the refresh token too."""
    grant, code = consented(app)
    secret = credential_of(client=app)
    tokens = ask_token(secret, grant_type="authorization_code", code=code).json()
    response = Browser().patch(
        f"{LIST}/{grant.grant_id}",
        json.dumps({"status": "closed"}),
        content_type="application/json",
        headers=admin,
    )
    assert response.status_code == 200
    assert problems("Grant", response.json()) == []
    again = ask_token(secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.json()["error"] == "invalid_grant"


@pytest.mark.spec("WG1-02 8 a")
def test_consent_tokens_do_not_manage(app):
    """403: the token lives, but is for data."""
    _grant, code = consented(app)
    tokens = ask_token(credential_of(client=app), grant_type="authorization_code", code=code).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert Browser().get(LIST, headers=headers).status_code == 403


@pytest.mark.spec("WG3-01 9.1.1 s")
@pytest.mark.spec("WG1-02 3.3.2 f")
def test_grant_admin_finds_and_opens_a_grant(admin, app):
    """The way of clients that have no redirect endpoint at all."""
    grant, _code = consented(app)
    (listed,) = Browser().get(f"{LIST}?states=my-state", headers=admin).json()["grants"]
    assert listed["grant_id"] == grant.grant_id
    scope = "cds_grant_admin_1"
    entry = {"type": scope, "client_id": listed["client_id"], "grant_id": listed["grant_id"]}
    secret = credential_of(client__scopes=[scope])
    body = ask_token(
        secret,
        grant_type="client_credentials",
        scope=scope,
        authorization_details=details(entry),
    ).json()
    assert body["authorization_details"] == [entry]
    assert body["cds_grant_ids"] != [grant.grant_id]


@pytest.mark.spec("WG3-01 7 c")
def test_token_response_equals_the_grant(admin, app):
    """Also what the request left to defaults (decision 19)."""
    grant, code = consented(app)
    body = ask_token(credential_of(client=app), grant_type="authorization_code", code=code).json()
    listed = Browser().get(f"{LIST}/{grant.grant_id}", headers=admin).json()
    assert body["authorization_details"] == listed["authorization_details"]
    assert {"segment_start", "sync_until", "include_usage_segment_value_types"} <= set(
        body["authorization_details"][1]
    )
    assert body["scope"] == listed["scope"]
    assert body["cds_grant_ids"] == [grant.grant_id]


def patch(admin: dict[str, str], grant: Grant, body: dict[str, Any]) -> Any:
    """Send a PATCH to the Grant's `uri`."""
    path, text = f"{LIST}/{grant.grant_id}", json.dumps(body)
    return Browser().patch(path, text, content_type="application/json", headers=admin)


@pytest.mark.spec("WG1-02 8.6 a", "WG1-02 8.6 b", "WG1-02 8.6 e", "WG1-02 8.6 i")
def test_reduce(admin, app):
    """200, at once, and the object says so; what is not in the body stays."""
    grant, _code = consented(app)
    response = patch(admin, grant, {"scope": "cds_usage"})
    body = response.json()
    assert (response.status_code, body["status"]) == (200, "active")
    assert problems("Grant", body) == []
    assert body["scope"] == body["enabled_scope"] == "cds_usage"
    (entry,) = body["authorization_details"]
    shorter = entry | {"include_meter_numbers": False, "sync_until": grant.created.isoformat()}
    body = patch(admin, grant, {"authorization_details": [shorter]}).json()
    assert (body["status"], body["scope"]) == ("active", "cds_usage")
    assert body["enabled_authorization_details"] == body["authorization_details"]
    assert body["authorization_details"][0]["include_meter_numbers"] is False


@pytest.mark.spec("WG1-02 8.6 d", "WG1-02 8.6 f")
def test_widen(admin, app):
    """200: nobody at the utility reviews it. The tokens go on with what was granted."""
    grant, code = consented(app)
    secret = credential_of(client=app)
    tokens = ask_token(secret, grant_type="authorization_code", code=code).json()
    before = Browser().get(f"{LIST}/{grant.grant_id}", headers=admin).json()
    first, second = before["authorization_details"]
    wider = [first, second | {"include_coordinates": True}]
    response = patch(admin, grant, {"authorization_details": wider})
    body = response.json()
    assert (response.status_code, body["status"]) == (200, "needs_authorization")
    assert problems("Grant", body) == []
    assert body["authorization_details"] == wider
    assert body["enabled_authorization_details"] == before["authorization_details"]
    assert body["enabled_scope"] == before["scope"]
    again = ask_token(secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.json()["authorization_details"] == before["authorization_details"]
    entry = {
        "type": "cds_grant_admin_1",
        "client_id": app.client_id,
        "grant_id": grant.grant_id,
    }
    reader = credential_of(client__scopes=["cds_grant_admin_1"])
    answer = ask_token(
        reader,
        grant_type="client_credentials",
        scope="cds_grant_admin_1",
        authorization_details=details(entry),
    )
    assert answer.status_code == 200


@pytest.mark.spec("WG1-02 8.6 g", "WG1-02 8.6 h")
@pytest.mark.parametrize(
    "body",
    [
        {"status": "active"},
        {"scope": ["cds_usage"]},
        {"scope": "unknown"},
        {"authorization_details": "cds_usage"},
        {"authorization_details": [{"type": "unknown"}]},
        {"authorization_details": [{"type": "cds_usage", "sync_until": "soon"}]},
    ],
)
def test_invalid_values(admin, app, body):
    """Nothing changes; a field that only the server sets is no error."""
    grant, _code = consented(app)
    before = Browser().get(f"{LIST}/{grant.grant_id}", headers=admin).json()
    assert patch(admin, grant, body).status_code == 400
    ignored = {"grant_id": "x", "expires": None, "enabled_scope": "everything", "children": ["x"]}
    assert patch(admin, grant, ignored).json() == before


@pytest.mark.spec("WG1-02 8.4 b")
def test_filters_intersect(admin, app):
    """Each on its own is tested beside the API; here they meet."""
    grant, _code = consented(app)
    child = GrantFactory.create(client=app, parent=grant)
    GrantFactory.create(client=app, parent=grant, revoked=True)
    query = f"parents={grant.grant_id}&statuses=active+pending&scopes=cds_usage"
    (found,) = Browser().get(f"{LIST}?{query}", headers=admin).json()["grants"]
    assert (found["grant_id"], found["parent"]) == (child.grant_id, grant.grant_id)
    (parent,) = Browser().get(f"{LIST}?grant_ids={grant.grant_id}", headers=admin).json()["grants"]
    assert len(parent["children"]) == 2
    assert patch(admin, grant, {"status": "closed"}).status_code == 200
    child.refresh_from_db()
    assert child.status == "closed"
