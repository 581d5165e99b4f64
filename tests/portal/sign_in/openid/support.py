"""The provider's process, and somebody who walks from the portal to it and back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from django.test import Client as Browser
from lxml import html

from portal.sign_in.openid.config import apps_of

ROOT = Path(__file__).resolve().parents[4]
# The provider's urls module needs the provider's settings; the word is the same there.
PASSWORD_THERE = "password-at-the-provider"
ANA: dict[str, Any] = {"email": "ana@example.com", "verified": True, "name": "Ana Example"}


@dataclass
class IdentityProvider:
    """The provider as tests arrange it."""

    url: str

    def arrange(self, portal: str, *people: dict[str, Any], **more: Any) -> None:
        """Forget everything, then know these people and the portal as a client."""
        redirect_uri = f"{portal}/accounts/oidc/utility/login/callback/"
        wanted = {"redirect_uri": redirect_uri, "people": people or (ANA,), **more}
        answer = requests.post(f"{self.url}/control/", json=wanted, timeout=60)
        assert answer.ok, answer.text

    def spoil(self, fault: str) -> None:
        """Go wrong from now on."""
        requests.post(f"{self.url}/spoil/", data=fault, timeout=60).raise_for_status()


@pytest.fixture(scope="session")
def identity_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    """Run the provider in a process of its own."""
    database = tmp_path_factory.mktemp("provider") / "provider.sqlite3"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.portal.sign_in.openid.provider"],
        cwd=ROOT,
        env={**os.environ, "PROVIDER_DATABASE": str(database)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    assert process.stdin
    url = process.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:"), "the provider did not start"
    yield IdentityProvider(url)
    process.stdin.close()
    process.wait(60)


def entry(server_url: str, **more: Any) -> dict[str, Any]:
    """Return an entry of OIDC_PROVIDERS."""
    return {
        "id": "utility",
        "name": "Utility Login",
        "server_url": server_url,
        "client_id": "portal",
        "client_secret": "secret-of-the-portal",
    } | more


def configure(settings: Any, *entries: dict[str, Any]) -> None:
    """Let people sign in with these providers."""
    settings.OIDC_PROVIDERS = list(entries)
    known = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {**known, "APPS": apps_of(entries)}}


def tree_of(text: str) -> Any:
    """Return a page as a tree."""
    return html.document_fromstring(text)


def way_of(tree: Any) -> str:
    """Return where the page between portal and provider leads."""
    (refresh,) = tree.xpath("//meta[@http-equiv='refresh']/@content")
    return str(refresh.removeprefix("0;url="))


@dataclass
class Traveller:
    """Django's test client here, real HTTP there: quick, and each step can be bent on the way."""

    browser: Browser
    there: requests.Session = field(default_factory=requests.Session)

    def begin(self, path: str = "/accounts/oidc/utility/login/", **fields: str) -> str:
        """Press a provider's button; return where the portal sends the person."""
        answer = self.browser.post(path, fields)
        assert answer.status_code == 200, answer
        (refresh,) = tree_of(answer.content.decode()).xpath(
            "//meta[@http-equiv='refresh']/@content"
        )
        return str(refresh.removeprefix("0;url="))

    def visit(self, way: str, email: str = ANA["email"]) -> str:
        """Sign in at the provider as far as it asks; return where it sends the person back to."""
        answer = self.there.get(way, allow_redirects=False, timeout=60)
        for _ in range(10):
            if answer.is_redirect:
                url = urljoin(answer.url, answer.headers["Location"])
                if url.startswith("http://testserver/"):
                    return url
                answer = self.there.get(url, allow_redirects=False, timeout=60)
                continue
            form = tree_of(answer.text).forms[0]
            values = dict(form.form_values()) | {"login": email, "password": PASSWORD_THERE}
            url = urljoin(answer.url, form.action or answer.url)
            answer = self.there.post(url, data=values, allow_redirects=False, timeout=60)
        raise AssertionError(f"the provider sends in circles: {answer.text}")

    def arrive(self, url: str) -> Any:
        """Come back to the portal; redirects are not followed."""
        return self.browser.get(url.removeprefix("http://testserver"))

    def sign_in(self, email: str = ANA["email"], **fields: str) -> Any:
        """Go there and back."""
        return self.arrive(self.visit(self.begin(**fields), email))


def heading(answer: Any) -> str:
    """Return the main heading of an answer of Django's test client."""
    return " ".join(tree_of(answer.content.decode()).xpath("string(//h1)").split())


def link_back(answer: Any) -> str:
    """Return where the button of an error page leads."""
    tree = tree_of(answer.content.decode())
    return str(tree.xpath("//main//a[contains(@class, 'btn')]/@href")[0])


@dataclass
class Walker:
    """A browser without a picture: real HTTP, cookies and forms."""

    portal: str
    http: requests.Session = field(default_factory=requests.Session)
    answer: requests.Response = field(default_factory=requests.Response)

    def _take(self, answer: requests.Response) -> "Walker":
        self.answer = answer
        return self

    def go(self, path: str) -> "Walker":
        """Open a page."""
        return self._take(self.http.get(urljoin(self.portal, path), timeout=60))

    @property
    def page(self) -> Any:
        """Return the page as a tree."""
        return tree_of(self.answer.text)

    @property
    def heading(self) -> str:
        """Return the main heading."""
        return " ".join(self.page.xpath("string(//h1)").split())

    @property
    def words(self) -> str:
        """Return all words of the page."""
        return " ".join(self.page.xpath("string(//main)").split())

    def buttons(self) -> list[str]:
        """Return the labels of all buttons."""
        found = self.page.xpath("//main//button")
        return [" ".join(each.text_content().split()) for each in found]

    def press(self, label: str, **fields: str) -> "Walker":
        """Fill in the form of a button and send it."""
        (button,) = [
            each
            for each in self.page.xpath("//button")
            if " ".join(each.text_content().split()) == label
        ]
        form = next(each for each in button.iterancestors("form"))
        values = {**dict(form.form_values()), **fields}
        if button.get("name"):
            values[button.get("name")] = button.get("value", "")
        url = urljoin(self.answer.url, form.get("action") or self.answer.url)
        return self._take(self.http.post(url, data=values, timeout=60))

    def leave(self) -> "Walker":
        """Go on to where the page between portal and provider leads."""
        return self._take(self.http.get(self.way(), timeout=60))

    def way(self) -> str:
        """Return where the page between portal and provider leads."""
        return way_of(self.page)

    def sign_in_there(self, email: str = "ana@example.com") -> "Walker":
        """Fill in the provider's sign-in page."""
        assert self.heading == "Sign In", self.answer.text
        return self.press("Sign In", login=email, password=PASSWORD_THERE)

    def back(self) -> str:
        """Return the path on the portal where the walk has arrived."""
        assert self.answer.url.startswith(self.portal), self.answer.url
        return self.answer.url.removeprefix(self.portal)
