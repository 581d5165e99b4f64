"""The list of services keeps the contracts that scripts and screen readers rely on."""

from tests.consent.pages.picker import row, selection


def test_its_tools_are_hidden_until_scripts_run() -> None:
    """Without script the buttons would do nothing; what works then is beside them."""
    html = selection("first", [row(n) for n in range(3)])
    assert '<div class="pick-tools" data-tools hidden>' in html
    assert "<noscript>" in html


def test_search_comes_from_eleven_services_on() -> None:
    """A search box above three rows is noise, without one above forty nobody finds anything."""
    assert "data-search" not in selection("first", [row(n) for n in range(10)])
    assert "data-search" in selection("first", [row(n) for n in range(11)])


def test_a_row_that_cannot_be_shared_says_why() -> None:
    """It stays visible with its reason."""
    html = selection("first", [row(disabled_reason="Closed in 2024")])
    assert " disabled" in html
    assert "Closed in 2024" in html


def test_an_error_is_linked_to_the_list() -> None:
    """The error summary leads to the first box, and the list is described by the message."""
    html = selection("first", [row(), row(1)], error="Select at least one service")
    assert 'aria-describedby="first-error"' in html
    assert 'id="first-error"' in html
    assert 'id="first-1"' in html


def test_what_systems_deliver_is_text() -> None:
    """An address is text, whatever it holds."""
    html = selection("first", [row(value='"><script>', title="<b>1 Main St</b>")])
    assert "<script>" not in html
    assert "<b>" not in html
