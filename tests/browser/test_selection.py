"""Choosing services: preselected, many, very many, by keyboard, on a phone, without a script."""

import re

import pytest
from playwright.sync_api import expect

from consent.models import Grant
from customerdata.models import GrantedObject
from tests.browser.visitor import ASKS
from tests.browser.world import latest_grant, run_waiting_work

pytestmark = pytest.mark.browser

PRESELECTIONS = [
    ({"contract_numbers": ["333333"]}, ["333333"], False),
    ({"service_types": ["electric"]}, ["222222"], False),
    ({"contract_numbers": ["_all"]}, ["222222", "333333"], False),
    ({"contract_numbers": ["_all", "_include_future"]}, ["222222", "333333"], True),
    ({"contract_numbers": ["222222", "_include_future"]}, ["222222"], True),
]
# Rows are outlined as a whole.
HAS_OUTLINE = """() => {
  const here = document.activeElement;
  return [here, here.closest("label")].filter(Boolean).some((part) => {
    const style = getComputedStyle(part);
    return style.outlineStyle !== "none" && style.outlineWidth !== "0px";
  });
}"""
LATER = re.compile("^Also services I add later")


@pytest.mark.spec("WG3-01 9.2.3.2 k", "WG3-01 9.2.3.2 l", "WG3-01 9.2.3.2 m")
def test_preselection_from_the_link(cast, visitor, signed_in) -> None:
    """The link ticks what it names and nothing else; the summary counts it at once."""
    cast.home("ana")
    signed_in(visitor, "ana")
    for fields, ticked, later in PRESELECTIONS:
        visitor.go(cast.ask({"type": "cds_usage", **fields}))
        visitor.sees(ASKS)
        for number in ("222222", "333333"):
            expect(visitor.box(number)).to_be_checked(checked=number in ticked)
        expect(visitor.page.get_by_role("checkbox", name=LATER)).to_be_checked(checked=later)
        words = re.compile(f"{len(ticked)} service")
        expect(visitor.page.get_by_role("status").filter(has_text=words)).to_be_visible()
        visitor.look()
    visitor.press("Authorize")
    visitor.sees("Welcome back to Acme")
    selection = latest_grant().selections.get()
    assert len(selection.object_ids) == 1
    assert selection.include_future


@pytest.mark.spec("WG3-01 9.2 b")
def test_phone(cast, new_visitor, password) -> None:
    """At 320 px nothing scrolls sideways, targets are large, and the way is the same."""
    cast.services("bo", 24)
    phone = new_visitor(width=320)
    phone.go(cast.ask())
    phone.sign_in("bo@example.com", password)
    phone.sees(ASKS)
    phone.look()
    for name in ("Authorize", "Decline"):
        size = phone.button(name).bounding_box()
        assert size
        assert size["height"] >= 44
        assert size["width"] >= 240
    phone.press("Authorize")
    expect(phone.page.get_by_role("alert").filter(has_text="There is a problem")).to_be_focused()
    phone.look()
    phone.page.get_by_role("searchbox").fill("420007")
    phone.box("420007").check()
    phone.press("Authorize")
    phone.sees("Welcome back to Acme")


def test_keyboard_only(cast, visitor, signed_in) -> None:
    """Skip link, boxes and buttons are reached and used by keys; the focus is always visible."""
    cast.home("ana")
    signed_in(visitor, "ana").go(cast.ask())
    visitor.sees(ASKS)
    visitor.look()
    keys = visitor.page.keyboard
    keys.press("Tab")
    expect(visitor.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Enter")
    wanted = [visitor.box("333333"), visitor.button("Authorize")]
    for target in wanted:
        for _ in range(30):
            keys.press("Tab")
            outline = visitor.page.evaluate(HAS_OUTLINE)
            assert outline, visitor.page.evaluate("document.activeElement.outerHTML")
            if target.evaluate("element => element === document.activeElement"):
                break
        expect(target).to_be_focused()
        keys.press("Space")
    visitor.sees("Welcome back to Acme")


@pytest.mark.spec("WG3-01 9.2.3.2 e", "WG3-01 9.2.3.2 g", "WG3-01 9.2.3.2 j")
def test_without_a_script(cast, new_visitor, password) -> None:
    """Search, tick all that is found, show what is ticked, remove nothing, authorize."""
    cast.services("bo", 24)
    plain = new_visitor(script=False)
    plain.go(cast.ask())
    plain.sign_in("bo@example.com", password)
    plain.sees(ASKS)
    plain.look()
    rows = plain.page.get_by_role("checkbox", name=re.compile("^4200"))
    expect(rows).to_have_count(24)
    plain.box("420024").check()
    plain.page.get_by_role("searchbox").fill("mill")
    plain.press("Search")
    expect(rows).to_have_count(8)
    plain.press("Select all")
    summary = plain.page.get_by_role("status").filter(has_text="9 services")
    expect(summary).to_be_visible()
    plain.page.get_by_role("searchbox").fill("")
    plain.press("Search")
    plain.press("Show selected only")
    expect(rows).to_have_count(9)
    plain.press("Show all")
    expect(rows).to_have_count(24)
    plain.look()
    plain.press("Authorize")
    plain.sees("Welcome back to Acme")
    assert len(latest_grant().selections.get().object_ids) == 9


@pytest.mark.spec("WG3-01 9.2.3.2 e", "WG3-01 9.2.3.2 g", "WG3-01 9.2.3.2 i", "WG3-01 9.2.3.2 j")
def test_twelve_hundred_services(cast, visitor, signed_in) -> None:
    """Search and tick what is visible; a large choice is set up by the worker afterwards."""
    cast.services("cleo", 1200)
    signed_in(visitor, "cleo").go(cast.ask(redirect_uri=cast.app.cds_default_redirect_uri))
    visitor.sees(ASKS)
    visitor.look()
    search = visitor.page.get_by_role("searchbox")
    search.fill("mill 421")
    rows = visitor.page.get_by_role("checkbox", name=re.compile("^42"))
    found = rows.count()
    assert 0 < found < 400
    visitor.press("Select all")
    expect(visitor.page.get_by_text(f"{found} of 1,200 selected")).to_be_visible()
    search.fill("no such street")
    expect(visitor.page.get_by_text("Nothing matches your search.")).to_be_visible()
    search.fill("")
    visitor.press("Show selected only")
    expect(rows).to_have_count(found)
    visitor.press("Show selected only")
    visitor.press("Select all")
    summary = visitor.page.get_by_role("status").filter(has_text="1,200 services")
    expect(summary).to_be_visible()
    visitor.press("Authorize")
    visitor.sees("You allowed Acme Energy Auditors to receive your energy data")
    expect(visitor.page.get_by_text("Being set up")).to_be_visible()
    visitor.look()
    grant = latest_grant()
    assert grant.status == Grant.Status.PENDING
    assert grant.eta
    run_waiting_work()
    visitor.page.reload()
    expect(visitor.page.get_by_text("Sharing", exact=True)).to_be_visible()
    assert latest_grant().status == Grant.Status.ACTIVE
    kinds = GrantedObject.objects.filter(grant=grant, kind=GrantedObject.Kind.CONTRACT)
    assert kinds.count() == 1200
