"""The optional script of the consent form, in a real browser, without the rest of the portal."""

from collections.abc import Callable

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, Route, expect

from consent.pages.authorization.presenter import Row
from portal.vendoring import ROOT
from tests.consent.pages.picker import row, selection

pytestmark = pytest.mark.browser

Show = Callable[[str], list[str]]

FOCUS_JS = (ROOT / "portal" / "static" / "portal" / "focus.js").read_text()
SUMMARY = {
    "text": "Server's sentence",
    "none": "Nothing is selected yet.",
    "one": "You will share **{count} service**.",
    "other": "You will share **{count} services**.",
    "later": "You will share services you add later.",
    "one_later": "You will share {count} service and later ones.",
    "other_later": "You will share {count} services and later ones.",
}


def services(count: int) -> list[Row]:
    """Return so many services; the second one cannot be shared."""
    return [row(number, disabled_reason="Closed" if number == 1 else "") for number in range(count)]


@pytest.fixture
def show(page: Page) -> Show:
    """Open a page with this form, as the server would send it; what is posted lands in the list."""

    def open_page(body: str) -> list[str]:
        posts: list[str] = []
        html = (
            f'<!DOCTYPE html><html lang="en"><title>t</title><form method="post" data-once>{body}'
            f"{render_to_string('components/live_summary.html', SUMMARY)}"
            '<button name="a" value="yes" data-busy="Authorizing…">Authorize</button>'
            '<button name="a" value="no">Decline</button></form>'
            '<script src="/focus.js" defer></script>'
        )

        def answer(route: Route) -> None:
            if route.request.method == "POST":
                posts.append(route.request.post_data or "")
                route.fulfill(status=204)  # the browser stays on the page
            elif route.request.url.endswith("focus.js"):
                route.fulfill(body=FOCUS_JS, content_type="text/javascript")
            else:
                route.fulfill(body=html, content_type="text/html; charset=utf-8")

        page.route("**/*", answer)
        page.goto("http://127.0.0.1/form")
        return posts

    return open_page


def test_buttons_tick_only_what_is_visible_and_allowed(page: Page, show: Show) -> None:
    """Someone who searched for one building must not share the other two hundred."""
    show(selection("first", services(12)))
    page.get_by_role("searchbox").fill("number 1011")
    page.get_by_role("button", name="Select all").click()
    expect(page.locator("[data-count]")).to_have_text("1 of 12 selected")

    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Select all").click()
    expect(page.locator("[data-count]")).to_have_text("11 of 12 selected")


def test_search_without_result_says_so(page: Page, show: Show) -> None:
    """An empty box looks broken."""
    show(selection("first", services(12)))
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.get_by_text("Nothing matches your search.")).to_be_visible()


def test_chosen_rows_can_be_reviewed(page: Page, show: Show) -> None:
    """Before agreeing, a customer with many services sees the chosen ones alone."""
    show(selection("first", services(12)))
    page.get_by_label("Number 1005").check()
    page.get_by_role("button", name="Show selected only").click()
    expect(page.locator("[data-row]:visible")).to_have_count(1)


def test_summary_counts_a_service_once_over_all_lists(page: Page, show: Show) -> None:
    """Two requests about one service share one service."""
    show(selection("first", services(3)) + selection("second", services(3)))
    summary = page.locator("[data-summary]")
    expect(summary).to_have_text("Nothing is selected yet.")
    for index in (0, 1):
        page.get_by_label("Number 1000").nth(index).check()
    expect(summary).to_have_text("You will share 1 service.")
    expect(summary.locator("strong")).to_have_text("1 service")
    page.get_by_label("Number 1002").first.check()
    page.get_by_label("Services I add later").first.check()
    expect(summary).to_have_text("You will share 2 services and later ones.")


def test_second_click_is_ignored(page: Page, show: Show) -> None:
    """An impatient double click, or a late Decline, sends nothing more."""
    posts = show(selection("first", services(2)))
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_role("button", name="Authorizing…")).to_be_visible()
    page.get_by_role("button", name="Decline").click()
    page.get_by_role("button", name="Authorizing…").click(force=True)
    page.wait_for_timeout(200)
    assert len(posts) == 1
    assert "a=yes" in posts[0]
