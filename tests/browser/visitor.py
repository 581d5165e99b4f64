"""Somebody at a browser: walks the pages, and looks at each with accessibility rules.

`look` runs axe in light and dark. What was seen before in the same state (route, title, width) is
not examined twice in a run. At the end of a test `settle` fails on every page of ours that nobody
looked at, on violations of the Content-Security-Policy and on errors in the console.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import ConsoleMessage, Frame, Locator, Page, expect

SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The page itself may be an answer such as 404; a missing script or picture may not.
MISSING_PAGE = re.compile(r"Failed to load resource: .* status of 4\d\d")
# The heading of the form; the company's name in it is a link to its website.
ASKS = re.compile("^Acme Energy Auditors .*asks for your energy data$")
CSP_WORDS = ("Content Security Policy", "Content-Security-Policy")

_seen: set[tuple[str, ...]] = set()


@dataclass
class Visitor:
    """A browser window and what was noticed in it."""

    page: Page
    base: str
    script: bool = True
    complaints: list[str] = field(default_factory=list)
    visited: dict[str, None] = field(default_factory=dict)
    looked_at: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        self.page.on("framenavigated", self._arrived)

    def _hear(self, message: ConsoleMessage) -> None:
        source = message.location.get("url", "")
        if any(words in message.text for words in CSP_WORDS):
            self.complaints.append(message.text)
        elif message.type in {"error", "warning"} and source.startswith(self.base):
            is_page = "/static/" not in source
            if not (is_page and MISSING_PAGE.match(message.text)):
                self.complaints.append(f"{message.type}: {message.text} ({source})")

    def _arrived(self, frame: Frame) -> None:
        if frame.parent_frame is None and frame.url.startswith(self.base):
            self.visited[urlsplit(frame.url).path] = None

    def go(self, path: str) -> None:
        """Open a page of the portal, or any address."""
        self.page.goto(path if "://" in path else self.base + path)

    def button(self, name: str) -> Locator:
        """Return a button by its visible name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> None:
        """Press a button."""
        self.button(name).click()

    def follow(self, name: str) -> None:
        """Follow a link by its visible name."""
        self.page.get_by_role("link", name=name, exact=True).click()

    def box(self, name: str) -> Locator:
        """Return the checkbox whose label holds these words."""
        return self.page.get_by_role("checkbox", name=name)

    def sees(self, heading: str | re.Pattern[str]) -> None:
        """Wait until the page has this main heading."""
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()

    def sign_in(self, login: str, password: str) -> None:
        """Fill in the sign-in page."""
        self.sees("Sign in")
        self.look()
        self.page.get_by_label("Email").fill(login)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")

    def look(self) -> None:
        """Examine the page: axe in light and dark, nothing wider than the screen."""
        self.page.wait_for_load_state()
        path = urlsplit(self.page.url).path
        self.looked_at.add(path)
        width = self.page.viewport_size["width"] if self.page.viewport_size else 0
        state = (self._route(path), self.page.title(), str(width), str(self.script))
        if state in _seen:
            return
        _seen.add(state)
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is {wide} px wider than the screen of {width} px"
        if self.script:
            self._examine(self.page, path)
        else:
            self._examine_copy(path)

    def _examine(self, page: Page, path: str) -> None:
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
            problems = [_words(each) for each in found.response["violations"]]
            assert not problems, f"{path} ({scheme}):\n" + "\n".join(problems)

    def _examine_copy(self, path: str) -> None:
        """Axe needs a script: show it what is seen without one, in a window that has one."""
        shown = re.sub(r"<(/?)noscript>", r"<\1div>", self.page.content())
        shown = re.sub(r"<script.*?</script>", "", shown, flags=re.DOTALL)
        browser = self.page.context.browser
        assert browser
        copy = browser.new_page(viewport=self.page.viewport_size, reduced_motion="reduce")
        copy.route(self.page.url, lambda route: route.fulfill(body=shown, content_type="text/html"))
        copy.goto(self.page.url)
        self._examine(copy, path)
        copy.close()

    def _route(self, path: str) -> str:
        try:
            return resolve(path).view_name
        except Resolver404:
            return path

    def settle(self) -> None:
        """Fail on what was noticed during the visit."""
        assert not self.complaints, "\n".join(self.complaints)
        missed = [path for path in self.visited if path not in self.looked_at]
        assert not missed, f"nobody looked at {missed}"


def _words(violation: dict[str, Any]) -> str:
    places = "; ".join(node["html"][:200] for node in violation["nodes"][:3])
    return f"{violation['id']}: {violation['help']}: {places}"
