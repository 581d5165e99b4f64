"""Our errors in the OAuth library's terms, so that its handlers turn them into answers."""

from oauthlib.oauth2.rfc6749.errors import InvalidGrantError, OAuth2Error

from consent.services.authorization.answer import plain_ascii
from portal.errors import DomainError

BASIC_CHALLENGE = 'Basic realm="token endpoint", charset="UTF-8"'


class Refused(OAuth2Error):
    """A DomainError on its way out of the token endpoint (RFC 6749 5.2)."""

    def __init__(self, cause: DomainError) -> None:
        self.error = cause.code
        self.cause = cause
        super().__init__(description=plain_ascii(cause.message), status_code=cause.status)

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that the status demands."""
        return {"WWW-Authenticate": BASIC_CHALLENGE} if self.status_code == 401 else {}


class GrantRefused(InvalidGrantError):
    """The code or refresh token cannot be used, or not again; tells the developer why."""

    def __init__(self, why: str) -> None:
        super().__init__(description=why)
