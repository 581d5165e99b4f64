"""A client of the Connected Data Specifications: discovery, registration, consent, data.

It uses only the standard library and HTTP, and shares no code with the server.
"""

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT = 30


class ServerError(Exception):
    """The server returned an error; the text is its response."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


def call(
    url: str,
    *,
    method: str = "GET",
    token: str | None = None,
    basic: tuple[str, str] | None = None,
    form: dict[str, str] | None = None,
    body: Any = None,
) -> Any:
    """Send one request and return the parsed JSON, with fractional numbers as Decimal."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(f"{url} is not a web address")
    data = None
    headers = {"Accept": "application/json"}
    if form is not None:
        data = urlencode(form).encode()
    elif body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if basic:
        pair = base64.b64encode(":".join(basic).encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 -- scheme checked
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 -- scheme checked
            return json.loads(response.read() or b"null", parse_float=Decimal)
    except urllib.error.HTTPError as error:
        raise ServerError(error.code, error.read().decode("utf-8", "replace")) from None


@dataclass
class State:
    """What the app must remember: its secrets and the customer's tokens."""

    server: str = ""
    admin_id: str = ""
    admin_secret: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    pending: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path) -> "State":
        """Read the state, or start a new one if there is none."""
        return cls(**json.loads(file.read_text())) if file.exists() else cls()

    def save(self, file: Path) -> None:
        """Write the state, readable only by its owner."""
        file.touch(mode=0o600, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1))


class Client:
    """One app at one server."""

    scope = "cds_usage"

    def __init__(self, server: str, redirect_uri: str, state_file: Path) -> None:
        self.redirect_uri = redirect_uri
        self.state_file = state_file
        self.state = State.load(state_file)
        if self.state.server != server:
            self.state = State(server=server)
        self.metadata = call(f"{server}/.well-known/cds-server-metadata.json")
        self.oauth = call(self.metadata["oauth_metadata"])
        self.access_token = ""

    def ensure_registered(self) -> None:
        """Register once; later starts reuse the registration, unless the server forgot it."""
        if self.state.client_id:
            try:
                self._admin_token()
            except ServerError as error:
                if error.status != 401:
                    raise
                self.state = State(server=self.state.server)
            else:
                return
        registered = call(
            self.oauth["registration_endpoint"],
            method="POST",
            body={
                "client_name": "Home Energy Charts",
                "scope": f"cds_client_admin {self.scope}",
                "client_uri": "https://charts.example.com",
                "contacts": ["developers@charts.example.com"],
            },
        )
        self.state.admin_id = registered["client_id"]
        self.state.admin_secret = registered["client_secret"]
        self._set_up_consent_client()
        self.state.save(self.state_file)

    def _set_up_consent_client(self) -> None:
        token = self._admin_token()
        clients = call(self.oauth["cds_clients_api"], token=token)["clients"]
        client = next(c for c in clients if self.scope in c["scope"].split())
        self.state.client_id = client["client_id"]
        query = urlencode({"client_ids": client["client_id"]})
        credentials = call(f"{self.oauth['cds_credentials_api']}?{query}", token=token)
        self.state.client_secret = credentials["credentials"][0]["client_secret"]
        client["redirect_uris"] = [*client["redirect_uris"], self.redirect_uri]
        call(client["cds_client_uri"], method="PUT", token=token, body=client)

    def _admin_token(self) -> str:
        answer = call(
            self.oauth["token_endpoint"],
            method="POST",
            basic=(self.state.admin_id, self.state.admin_secret),
            form={"grant_type": "client_credentials", "scope": "cds_client_admin"},
        )
        return str(answer["access_token"])

    def authorization_url(self) -> str:
        """Push an authorization request and return where to send the customer."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        state = secrets.token_urlsafe(16)
        pushed = call(
            self.oauth["pushed_authorization_request_endpoint"],
            method="POST",
            basic=(self.state.client_id, self.state.client_secret),
            form={
                "response_type": "code",
                "client_id": self.state.client_id,
                "redirect_uri": self.redirect_uri,
                "scope": self.scope,
                "state": state,
                "code_challenge": challenge.rstrip(b"=").decode(),
                "code_challenge_method": "S256",
            },
        )
        self.state.pending = {state: verifier}
        self.state.save(self.state_file)
        query = {"client_id": self.state.client_id, "request_uri": pushed["request_uri"]}
        return f"{self.oauth['authorization_endpoint']}?{urlencode(query)}"

    def redeem(self, *, code: str, state: str, issuer: str) -> None:
        """Exchange the code. Raises ValueError if the response matches no request."""
        verifier = self.state.pending.pop(state, "")
        if not verifier or issuer != self.oauth["issuer"]:
            raise ValueError("This response does not match a request from this app.")
        self._take_tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": verifier,
            }
        )

    def _take_tokens(self, form: dict[str, str]) -> None:
        answer = call(
            self.oauth["token_endpoint"],
            method="POST",
            basic=(self.state.client_id, self.state.client_secret),
            form=form,
        )
        self.access_token = answer["access_token"]
        self.state.refresh_token = answer.get("refresh_token", self.state.refresh_token)
        self.state.save(self.state_file)

    def _get(self, url: str) -> Any:
        """Get with the customer's token, renewed once if it has expired."""
        if self.access_token:
            try:
                return call(url, token=self.access_token)
            except ServerError as error:
                if error.status != 401:
                    raise
        self._take_tokens(
            {"grant_type": "refresh_token", "refresh_token": self.state.refresh_token}
        )
        return call(url, token=self.access_token)

    def pages(self, api: str, key: str) -> Iterator[dict[str, Any]]:
        """Yield every object of a listing, page by page."""
        url = self.oauth[api]
        while url:
            answer = self._get(url)
            yield from answer[key]
            url = answer["next"]

    def contracts(self) -> list[dict[str, Any]]:
        """Return the services that the customer shares."""
        return list(self.pages("cds_servicecontracts_api", "service_contracts"))

    def usage(self) -> Iterator[dict[str, Any]]:
        """Yield the usage segments that the customer shares."""
        yield from self.pages("cds_usagesegments_api", "usage_segments")
