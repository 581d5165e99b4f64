"""Errors of client registration and management, with codes from RFC 7591 3.2.2."""

from portal.errors import DomainError


class InvalidClientMetadata(DomainError):
    """A field of a Client has a value that this server does not accept."""

    code = "invalid_client_metadata"


class InvalidRedirectUri(DomainError):
    """A redirect URI is not one that this Client can use."""

    code = "invalid_redirect_uri"


class InvalidRequest(DomainError):
    """A field of an admin API request is missing or wrong."""

    code = "invalid_request"


class OffersInvalid(DomainError):
    """Settings of offered scopes violate the standard; the message lists every problem."""

    code = "invalid_offers"
