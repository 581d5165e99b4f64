"""Components keep the contracts that pages, scripts and screen readers rely on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import get_template, render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone

from portal.branding import current_utility
from portal.templatetags.portal_time import moment, relative
from portal.values.wording import wait_words
from portal.vendoring import ROOT

TEMPLATES = ROOT / "templates"
OURS = sorted(
    str(path.relative_to(TEMPLATES))
    for folder in ("allauth", "account", "mfa", "components", "emails", "docs", ".")
    for path in (TEMPLATES / folder).glob("*.html" if folder == "." else "**/*.html")
)


@dataclass(frozen=True)
class Link:
    """A link of the navigation."""

    label: str
    url: str
    active: bool = False
    count: int | None = None


def component(name: str, /, **context: Any) -> str:
    """Render a component as an include with `only` does: without a request."""
    return render_to_string(f"components/{name}.html", context)


def test_summary_carries_its_templates() -> None:
    """The script has no words of its own: every language brings its sentences."""
    html = component(
        "live_summary", text="One", none="None", one="{count} one", other="{count} many"
    )
    assert 'role="status"' in html
    assert 'data-one="{count} one"' in html
    assert "data-later" not in html


def test_button_is_a_link_when_it_leads_somewhere() -> None:
    """Links navigate, buttons act; screen readers tell them apart."""
    assert component("button", label="Details", href="/x/").lstrip().startswith("<a ")
    assert 'type="submit"' in component("button", label="Authorize")
    assert " formnovalidate" in component("button", label="Decline", novalidate=True)


def test_error_summary_is_silent_without_errors() -> None:
    """An empty alert would be read aloud."""
    assert component("error_summary", errors=[]).strip() == ""


def test_status_has_a_sign_and_a_word() -> None:
    """Colour is never the only sign."""
    html = component("status", label="Sharing", kind="ok")
    assert "<svg" in html
    assert "Sharing" in html


def test_purpose_text_is_escaped_and_reachable_by_keyboard() -> None:
    """CDS-WG3-01 9.2: plain text of a company in a box that scrolls."""
    html = component("purpose", author="Written by Acme:", text="<i>score</i>")
    assert "&lt;i&gt;" in html
    assert 'tabindex="0"' in html


@pytest.mark.parametrize("name", OURS)
def test_template_compiles(name: str) -> None:
    """A syntax error in a page that few people open would otherwise wait for one of them."""
    get_template(name)


@pytest.mark.parametrize("name", ["500.html", "503.html"])
def test_static_pages_need_no_context(name: str) -> None:
    """They appear when the database, the session or the settings of a utility are the problem."""
    html = render_to_string(name)
    assert "<h1>" in html
    assert "None" not in html


def test_closed_page_says_when_it_opens() -> None:
    """A planned end is more useful than an apology."""
    with timezone.override("America/New_York"):
        html = render_to_string("503.html", {"until": datetime(2026, 1, 1, 16, tzinfo=UTC)})
    assert "1 Jan 2026, 11:00 am EST" in html


@pytest.fixture
def page_request(rf: RequestFactory) -> HttpRequest:
    """A request of someone who is not signed in."""
    request = rf.get("/somewhere/")
    request.user = AnonymousUser()
    return request


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "429.html", "error.html"])
def test_error_pages_carry_the_reference(name: str, page_request: HttpRequest) -> None:
    """The reference is what support needs to find the log entry."""
    html = render_to_string(name, {"reference": "ref-123", "heading": "Oh"}, page_request)
    assert "ref-123" in html
    assert "<nav" not in html


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (60, "60 seconds"),
        (121, "3 minutes"),
        (1943, "33 minutes"),
        (7200, "120 minutes"),
        (80_000, "23 hours"),
    ],
)
def test_a_wait_is_worded_in_a_unit_that_people_count_in(seconds: int, words: str) -> None:
    """Never shorter than it is; plurals come from the language, not from an appended s."""
    assert wait_words(seconds) == words


def test_the_page_names_the_wait(page_request: HttpRequest) -> None:
    """Where it is known."""
    assert "Wait 33 minutes," in render_to_string("429.html", {"wait": "33 minutes"}, page_request)


def test_dashboard_marks_the_current_page(page_request: HttpRequest) -> None:
    """Screen readers hear where they are, and counts stand beside the words."""
    links = [Link("Registrations", "/a/", active=True, count=2), Link("Messages", "/b/")]
    html = render_to_string("base_app.html", {"navigation": links}, page_request)
    assert '<a href="/a/" aria-current="page">' in html
    assert html.count("nav-count") == 2  # once in the column, once for pages without script
    assert '"allowEval":false' in html


def test_moment_names_the_zone_in_the_language_of_the_page() -> None:
    """A time without its zone is a guess."""
    value = datetime(2026, 7, 1, 16, tzinfo=UTC)
    with timezone.override("America/New_York"):
        assert moment(value) == "1 Jul 2026, 12:00 pm EDT"


def test_relative_time_looks_both_ways() -> None:
    """An end in the future must not read as "0 minutes ago"."""
    now = timezone.now()
    assert "ago" in relative(now - timedelta(days=3, minutes=1))
    assert "from now" in relative(now + timedelta(days=3, minutes=1))


def test_account_mail_is_plain_text_with_the_name_of_the_utility(page_request: HttpRequest) -> None:
    """A link in a text mail must arrive as it is, and the reader must know who writes."""
    link = "https://data.example.com/reset/?a=1&b=2"
    text = render_to_string(
        "account/email/password_reset_key_message.txt", {"password_reset_url": link}, page_request
    )
    assert link in text
    assert current_utility().name in text
    assert not text.startswith("\n")


def test_mail_frames_keep_the_signature_readable() -> None:
    """An ampersand in the utility's name stays one in text and is escaped in HTML."""
    utility = {"name": "Gas & Light", "support_email": "help@example.com"}
    assert "Gas & Light" in render_to_string("emails/base.txt", {"utility": utility})
    assert "Gas &amp; Light" in render_to_string("emails/base.html", {"utility": utility})


def test_sign_in_pages_have_no_navigation_and_one_solid_button(client: Client) -> None:
    """The customer came to do one thing."""
    html = client.get("/accounts/login/").content.decode()
    assert "<nav" not in html
    assert html.count("btn-primary") == 1
    assert 'autocomplete="current-password"' in html
