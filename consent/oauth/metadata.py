"""The endpoints of this app in the authorization server metadata (RFC 8414 2)."""

from collections.abc import Mapping

from django.conf import settings
from django.urls import reverse

from consent.services.authorization.request import RESPONSE_MODE
from registration.catalogue.metadata_parts import MetadataContext


def _url(name: str) -> str:
    return f"{settings.BASE_URL}{reverse(f'consent:{name}')}"


def oauth_endpoints(context: MetadataContext) -> Mapping[str, object]:
    """Return the addresses; those for customers only where a scope asks customers."""
    part: dict[str, object] = {
        "token_endpoint": _url("token"),
        "revocation_endpoint": _url("revoke"),
        "introspection_endpoint": _url("introspect"),
        "cds_grants_api": _url("grants"),
    }
    if any(offer.scope_type.asks_customer for offer in context.offers.values()):
        part |= {
            "authorization_endpoint": _url("authorize"),
            "pushed_authorization_request_endpoint": _url("par"),
            "require_pushed_authorization_requests": False,
            "response_modes_supported": [RESPONSE_MODE],
            "authorization_response_iss_parameter_supported": True,
            "request_parameter_supported": False,
        }
    return part
