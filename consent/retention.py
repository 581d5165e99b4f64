"""What ends the rows of consent."""

from datetime import timedelta

from django.db.models import Q

from consent.models import AuthorizationRequest
from portal.retention import AgeLimit, Kept, LivesWith, register_retention

_CONSENT = "proof of what a customer agreed to, and when it ended"
# What died is kept this long, so that a replayed code or refresh token is still recognised.
KEPT_AFTER_DEATH = timedelta(days=30)
_IS_OPEN = Q(outcome=AuthorizationRequest.Outcome.OPEN)


def register() -> None:
    """Plug in: called once, when the app is ready."""
    register_retention(
        Kept("consent.Grant", _CONSENT),
        Kept("consent.GrantReplacement", _CONSENT),
        LivesWith("consent.Selection", "grant"),
        Kept("consent.Receipt", _CONSENT),
        AgeLimit(
            "consent.AuthorizationRequest",
            rows="authorization requests that ran out before any customer read them",
            age=timedelta(hours=1),
            since="created",
            over="expires",
            # Nothing was chosen: nobody misses them.
            where=_IS_OPEN & Q(user=None),
        ),
        AgeLimit(
            "consent.AuthorizationRequest",
            rows="authorization requests that nobody answered",
            age=timedelta(days=1),
            since="expires",
            where=_IS_OPEN,
        ),
        AgeLimit(
            "consent.AuthorizationRequest",
            rows="authorization requests that were answered",
            # A repeated submit gets the same answer until then. The Grant itself keeps the `state`.
            age=timedelta(days=30),
            since="expires",
            where=~_IS_OPEN,
        ),
        *_tokens(),
    )


def _tokens() -> list[AgeLimit]:
    """Return the rules of tokens; two of the library's tables stay empty in this product."""
    ends = {
        "AccessToken": ("access tokens that have ended", "expires"),
        "RefreshToken": ("refresh tokens that were replaced or revoked", "revoked"),
        "AuthorizationCode": ("authorization codes that have expired", "expires"),
        "IDToken": ("ID tokens, which are not issued", "expires"),
        "DeviceGrant": ("device codes, which are not issued", "expires"),
    }
    return [
        AgeLimit(f"consent.{model}", rows=rows, age=KEPT_AFTER_DEATH, since=since)
        for model, (rows, since) in ends.items()
    ]
