"""CDS-WG1-02 8 (rows); CDS-WG3-01 9 (rows): authorization requests, Grants, receipts, tokens."""

from consent.models.grant import Grant, GrantReplacement, Receipt, Selection
from consent.models.request import AuthorizationRequest
from consent.models.token import AccessToken, AuthorizationCode, DeviceGrant, IDToken, RefreshToken

__all__ = [
    "AccessToken",
    "AuthorizationCode",
    "AuthorizationRequest",
    "DeviceGrant",
    "Grant",
    "GrantReplacement",
    "IDToken",
    "Receipt",
    "RefreshToken",
    "Selection",
]
