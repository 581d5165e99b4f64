"""allauth's OpenID Connect provider, with the checks that the standard requires of a client.

allauth sends no nonce, skips the signature, compares neither the issuer in the metadata nor the
subject of userinfo, and treats any non-empty `email_verified` as true.
"""

import secrets
import time
from typing import Any

import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.app_settings import UID_MAX_LENGTH
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from portal.models.user import MAX_ADDRESS
from portal.sign_in.openid import freshness
from portal.sign_in.openid.config import may_be_spoken_to
from portal.sign_in.openid.id_token import (
    Expected,
    is_mail_verified,
    merged_claims,
    verified_claims,
)
from portal.sign_in.openid.problems import (
    CONNECT,
    LOGIN,
    REAUTHENTICATE,
    Problem,
    SignInProblem,
)

# Longer than the state of a sign-in that was left open for too long.
WAY_BACK = "openid_way_back"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Communicates with one provider during one request; `state` is set by the callback."""

    state: dict[str, Any]

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's metadata (Discovery 1.0, 4.3: its issuer is the configured one)."""
        if not hasattr(self, "_metadata"):
            self._metadata = self._fetched_metadata()
        return self._metadata

    def _fetched_metadata(self) -> dict[str, Any]:
        provider = self.get_provider()
        found = _json_of(provider.server_url)
        if not isinstance(found, dict) or not provider.is_issuer(found.get("issuer")):
            raise SignInProblem(Problem.REFUSED, "metadata: issuer")
        wanted = [*_ENDPOINTS, *(["userinfo_endpoint"] if "userinfo_endpoint" in found else [])]
        for name in wanted:
            url = found.get(name)
            if not isinstance(url, str) or not may_be_spoken_to(url):
                raise SignInProblem(Problem.REFUSED, f"metadata: {name}")
        return found

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Return the callback URL registered with the provider, regardless of the Host header."""
        return f"{settings.BASE_URL}{self.get_provider().get_callback_url()}"

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: Any = None
    ) -> dict[str, Any]:
        """Exchange the code. Raises OAuth2Error even for answers that break the library."""
        try:
            data = super().get_access_token_data(request, app, client, pkce_code_verifier)
        except (KeyError, ValueError, TypeError) as error:
            if isinstance(error, requests.RequestException):
                raise
            raise OAuth2Error("token answer") from error
        if not isinstance(data, dict) or not isinstance(data.get("id_token"), str):
            raise OAuth2Error("token answer without an ID token")
        return data

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Return who signed in, after all checks. Raises SignInProblem."""
        metadata = self.openid_config
        expected = Expected(
            issuer=metadata["issuer"],
            client_id=app.client_id,
            nonce=self.state.get("nonce", ""),
            asked_at=self.state.get("asked_at", 0),
        )
        keys = _json_of(metadata["jwks_uri"])
        claims = verified_claims(kwargs["response"]["id_token"], keys, expected)
        userinfo = None
        if "userinfo_endpoint" in metadata:
            userinfo = _json_of(metadata["userinfo_endpoint"], token.token)
        return self.get_provider().sociallogin_from_response(
            request, merged_claims(claims, userinfo)
        )


def _json_of(url: str, token: str = "") -> Any:
    """Return the JSON at a URL. Raises requests.RequestException."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with get_adapter().get_requests_session() as session:
        response = session.get(url, headers=headers)
        response.raise_for_status()
        return response.json()


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    """A provider from `OIDC_PROVIDERS`."""

    oauth2_adapter_class = Adapter

    def is_issuer(self, told: Any) -> bool:
        """Whether this is the issuer that the operator named; a trailing slash does not matter."""
        named: str = self.app.settings["server_url"]
        return isinstance(told, str) and told.rstrip("/") == named.rstrip("/")

    def wk_server_url(self, url: str) -> str:
        """Return the URL of the metadata (Discovery 1.0, 4)."""
        return f"{url.rstrip('/')}/.well-known/openid-configuration"

    def serialize(self) -> dict[str, Any]:
        """Name the provider itself: several may have given us the same client id."""
        return {"id": self.sub_id, "app.client_id": self.app.client_id}

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Take only the return URL and the purpose from the request, not scopes and the like."""
        kwargs: dict[str, Any] = super().get_redirect_from_request_kwargs(request)
        process = CONNECT if kwargs["process"] == CONNECT else LOGIN
        return {"process": process, "next_url": kwargs.get("next_url")}

    def redirect(
        self,
        request: HttpRequest,
        process: str,
        next_url: str | None = None,
        data: Any = None,
        **kwargs: Any,
    ) -> HttpResponse:
        """Redirect to the provider with a nonce, and to a new sign-in there if one is required.

        Raises requests.RequestException, OAuth2Error and SignInProblem if the provider's metadata
        is unavailable.
        """
        nonce = secrets.token_urlsafe(24)
        parameters = {"nonce": nonce, "ui_locales": get_language() or settings.LANGUAGE_CODE}
        asked_at = 0
        if process == REAUTHENTICATE or freshness.is_asked_afresh(request):
            asked_at = int(time.time())
            parameters |= {"prompt": "login", "max_age": "0"}
        request.session[WAY_BACK] = {"process": process, "next": next_url}
        response: HttpResponse = super().redirect(
            request,
            process,
            next_url,
            data,
            auth_params=parameters,
            nonce=nonce,
            asked_at=asked_at,
            **kwargs,
        )
        return response

    def sociallogin_from_response(self, request: HttpRequest, response: Any) -> SocialLogin:
        """Return the sign-in; `told` are the claims, which are not stored."""
        login = super().sociallogin_from_response(request, response)
        login.told = response
        return login

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the subject: the only thing that identifies a provider's person.

        Raises SignInProblem if it is too long to store: cut off, it might equal someone else's.
        """
        subject = str(data["sub"])
        if len(subject) > UID_MAX_LENGTH:
            raise SignInProblem(Problem.REFUSED, f"sub: more than {UID_MAX_LENGTH} characters")
        return subject

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Keep only what the page of ways to sign in shows."""
        mail = data.get("email")
        return {"email": mail} if isinstance(mail, str) and "\x00" not in mail else {}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        """Return the address and whether the provider has verified it."""
        mail = data.get("email")
        if not isinstance(mail, str) or len(mail) > MAX_ADDRESS:
            return []
        return [EmailAddress(email=mail, verified=is_mail_verified(data), primary=True)]

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data for a new person: address and name."""
        name = data.get("name")
        fields = {"name": name.replace("\x00", "")} if isinstance(name, str) else {}
        addresses = self.extract_email_addresses(data)
        return fields | ({"email": addresses[0].email} if addresses else {})
