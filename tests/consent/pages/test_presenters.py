"""What pages say and forms mean, without a browser and without a database."""

from typing import Any

import pytest
from django.http import QueryDict

from consent.catalogue.demo_offers import demo_offers
from consent.catalogue.details import parse_request
from consent.pages.authorization.forms import Action, apply, read_choices
from consent.pages.authorization.presenter import matches, row_words
from consent.pages.default_redirect.presenter import default_redirect_page
from consent.services.sections.choices import Choices, Section, SectionChoice
from tests.consent.pages.world import service


def section(index: int = 0, **changes: Any) -> Section:
    """Return a request section over three services."""
    access = parse_request(["cds_usage"], None, demo_offers())[0]
    facts: dict[str, Any] = {
        "index": index,
        "accesses": (access,),
        "selection_type": "service_contract_selection",
        "rows": (service(1), service(2), service(3, unavailable_reason="Closed.")),
        "preset": SectionChoice(),
        "asked": (),
        "is_modifiable": True,
        "wants_preselection": False,
        "purpose_id": None,
    }
    return Section(**facts | changes)


def test_a_row_says_number_place_kind_and_account() -> None:
    """Parts that are missing leave no separators behind."""
    row = service(7, name="Home", address="12 Main St", account="1-1")
    assert row_words(row) == ("7 · 12 Main St", "Home · electricity · account 1-1")
    assert row_words(service(7, address="12 Main St,\nUnit 2\n\nDemo City"))[0] == (
        "7 · 12 Main St, Unit 2, Demo City"
    )
    assert row_words(service(7, address="", account="")) == ("7", "electricity")


@pytest.mark.parametrize(
    ("query", "found"),
    [("", True), ("main 12", True), ("MAIN", True), ("main 13", False)],
)
def test_search_wants_every_word(query: str, found: bool) -> None:
    """The same rule as the script's."""
    assert matches("222 · 12 Main St", query) is found


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("authorize", Action("authorize")),
        ("remove-1", Action("remove", 1)),
        ("remove-x", Action("remove", 0)),
        ("remove-99999999999", Action("remove", 100)),
        ("drop table", Action("update")),
        ("", Action("update")),
    ],
)
def test_buttons_are_read_carefully(text: str, action: Action) -> None:
    """Anything unknown only updates the page."""
    assert Action.parse(text) == action


def test_sections_that_were_not_shown_keep_their_state() -> None:
    """A removed request comes back as it was."""
    stored = Choices({1: SectionChoice(frozenset({"b"}))})
    data = QueryDict("shown=0&request-1-services=a&request-1-later=yes&removed=1&removed=x")
    choices = read_choices(data, stored)
    assert choices.sections[0] == SectionChoice(frozenset({"a"}), later=True)
    assert choices.sections[1] == SectionChoice(frozenset({"b"}))
    assert choices.removed == frozenset({1})


@pytest.mark.spec("WG3-01 9.2.3.2 e")
def test_select_all_takes_what_is_found_and_free() -> None:
    """Never rows that the search hides, never unavailable ones."""
    chosen = Choices({0: SectionChoice(frozenset({"sc_1"}))})
    assert apply(Action("all"), chosen, (section(),)).sections[0].selected == {"sc_1", "sc_2"}
    searched = Choices({0: SectionChoice(frozenset({"sc_1"}), query="2 main")})
    assert apply(Action("none"), searched, (section(),)).sections[0].selected == {"sc_1"}


@pytest.mark.spec("WG3-01 9.2.1.3 b")
def test_the_last_request_stays() -> None:
    """9.2.1.3: and so does one that may not be changed."""
    two = (section(0), section(1))
    once = apply(Action("remove", 0), Choices(), two)
    assert once.removed == {0}
    assert apply(Action("remove", 1), once, two).removed == {0}
    fixed = (section(0, is_modifiable=False), section(1))
    assert apply(Action("remove", 0), Choices(), fixed).removed == frozenset()
    assert apply(Action("remove", 7), Choices(), two) == Choices()


def test_a_decline_is_no_failure() -> None:
    """9.3.3: a confirmation."""
    assert default_redirect_page("Acme", "access_denied").declined
    assert not default_redirect_page("Acme", "server_error").declined
