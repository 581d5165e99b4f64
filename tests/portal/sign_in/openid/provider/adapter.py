"""What the provider says about people, and how it goes wrong when a test asks for it."""

import time
from typing import Any

from allauth.account.signals import authentication_step_completed
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import PrivateKey

from tests.portal.sign_in.openid.provider.settings import new_key

# Set by `/control/`; the provider is one process.
fault = ""
claims_of: dict[str, dict[str, Any]] = {}
signed_in_at: dict[str, int] = {}

_other_key = new_key()


def _note(*, user: Any, **kwargs: Any) -> None:
    signed_in_at[str(user.pk)] = int(time.time())


authentication_step_completed.connect(_note)


class Adapter(DefaultOIDCAdapter):  # type: ignore[misc]
    """Adds `auth_time` and the claims of the control page; `fault` spoils what it names."""

    def get_claims(self, purpose: str, user: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Say the same in ID token and userinfo."""
        claims: dict[str, Any] = super().get_claims(purpose, user, *args, **kwargs)
        claims |= claims_of.get(user.email, {})
        if purpose == "userinfo" and fault == "other_subject":
            claims["sub"] = "somebody-else"
        return claims

    def populate_id_token(self, id_token: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        """Add what the library leaves out."""
        id_token["auth_time"] = signed_in_at[id_token["sub"]]
        if fault == "wrong_nonce":
            id_token["nonce"] = "n-of-another-sign-in"
        if fault == "no_nonce":
            id_token.pop("nonce", None)
        if fault == "old_sign_in":
            id_token["auth_time"] -= 3600
        if fault == "no_auth_time":
            del id_token["auth_time"]

    def get_signing_key(self) -> PrivateKey:
        """Sign with a key that the key set does not have."""
        key = super().get_signing_key()
        return PrivateKey(pem=_other_key) if fault == "foreign_key" else key

    def populate_server_metadata(self, data: dict[str, Any]) -> None:
        """Claim to be another."""
        if fault == "other_issuer":
            data["issuer"] = "http://127.0.0.1:1"
        if fault == "other_host":
            data["token_endpoint"] = data["token_endpoint"].replace("127.0.0.1", "localhost")
