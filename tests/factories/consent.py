"""Grants, authorization requests and tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, SubFactory, Trait
from factory.declarations import Sequence as Numbered
from factory.django import DjangoModelFactory

from consent.catalogue.access import resolution_of
from consent.models import AuthorizationRequest, Grant, Receipt, RefreshToken
from consent.services import tokens
from consent.services.tokens import TokenOwner
from portal.crypto import new_secret
from portal.models import User
from registration.models import Client, Credential
from registration.services.catalogue.offers import current_offers
from tests.factories.registration import CONSENT_SCOPES, ClientFactory


class CustomerFactory(DjangoModelFactory[User]):
    """A person who can sign in; has no accounts."""

    class Meta:
        model = User

    email = Numbered(lambda n: f"customer{n}@example.com")


class GrantFactory(DjangoModelFactory[Grant]):
    """A Grant of a customer for the demo's consent scopes: active unless a trait says otherwise."""

    class Meta:
        model = Grant

    class Params:
        revoked = Trait(
            status="revoked",
            enabled_scope="",
            enabled_authorization_details=LazyFunction(list),
            tokens_not_before=LazyFunction(timezone.now),
        )
        pending = Trait(
            status="pending",
            eta=LazyFunction(lambda: timezone.now() + timedelta(minutes=15)),
            enabled_scope="",
            enabled_authorization_details=LazyFunction(list),
        )
        waiting = Trait(
            status="needs_authorization",
            enabled_scope="",
            enabled_authorization_details=LazyFunction(list),
        )

    client = SubFactory(ClientFactory, consent=True)
    user = SubFactory(CustomerFactory)
    status = "active"
    scope = " ".join(CONSENT_SCOPES)
    authorization_details = LazyAttribute(
        lambda o: [{"type": scope, "sync_until": "infinite"} for scope in o.scope.split()]
    )
    resolution = LazyAttribute(
        lambda o: resolution_of(o.scope, o.authorization_details, current_offers())
    )
    enabled_scope = SelfAttribute("scope")
    enabled_authorization_details = SelfAttribute("authorization_details")
    created = LazyFunction(timezone.now)
    modified = SelfAttribute("created")


class ReceiptFactory(DjangoModelFactory[Receipt]):
    """A receipt without words."""

    class Meta:
        model = Receipt

    grant = SubFactory(GrantFactory)
    snapshot = LazyFunction(dict)


class AuthorizationRequestFactory(DjangoModelFactory[AuthorizationRequest]):
    """A validated request that waits for a customer."""

    class Meta:
        model = AuthorizationRequest

    client = SubFactory(ClientFactory, consent=True)
    params = LazyAttribute(
        lambda o: {
            "redirect_uri": o.client.redirect_uri_list[0],
            "redirect_uri_given": True,
            "state": "state-1",
            "code_challenge": None,
            "code_challenge_method": None,
        }
    )
    access = LazyAttribute(lambda o: [{"type": scope} for scope in o.client.scopes])
    expires = LazyFunction(lambda: timezone.now() + timedelta(hours=1))
    opened = LazyFunction(timezone.now)


def token_for(
    grant: Grant,
    *,
    scope_ids: Sequence[str] | None = None,
    client: Client | None = None,
    credential: Credential | None = None,
    admin_grant: Grant | None = None,
    expires: datetime | None = None,
) -> str:
    """Return a bearer token in clear that opens the Grant, by default with all its scopes."""
    raw = new_secret()
    owner = TokenOwner(
        client=client or grant.client,
        credential=credential,
        grant=grant,
        admin_grant=admin_grant,
        user=grant.user,
    )
    tokens.store_access_token(
        owner=owner,
        raw=raw,
        scope_ids=grant.scope_ids if scope_ids is None else scope_ids,
        expires=expires or timezone.now() + timedelta(hours=1),
    )
    return raw


def admin_token_for(client: Client) -> str:
    """Return a bearer token in clear of a Client Admin Client, with a Grant of its own."""
    scope = "cds_client_admin"
    grant = GrantFactory.create(client=client, user=None, scope=scope, authorization_details=[])
    return token_for(grant)


def refresh_token_for(grant: Grant, *, credential: Credential | None = None) -> RefreshToken:
    """Return a stored refresh token; `_raw_token` holds its value."""
    owner = TokenOwner(client=grant.client, credential=credential, grant=grant, user=grant.user)
    return tokens.store_refresh_token(owner=owner, raw=new_secret(), scope=grant.scope)
