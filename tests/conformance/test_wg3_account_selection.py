"""A customer chooses from accounts, rule by rule (CDS-WG3-01 9.2.3.1)."""

import re
from typing import Any

import pytest

from consent.customer_accounts import Selectable
from consent.models import Grant
from tests.consent.pages.world import World, answer, form_url

spec = pytest.mark.spec
BILLS = "cds_bill_statements"


def account(number: int, name: str = "Home", address: str = "12 Main St") -> Selectable:
    """Return one row of the list of accounts."""
    return Selectable(
        id=f"ac_{number}",
        number=str(number),
        name=name,
        address=address,
        service_type="account",
        account="",
        facts={"account_numbers": frozenset({str(number)})},
    )


@pytest.fixture
def bills(world: World) -> World:
    """Alice has two accounts, and Acme asks for her bills."""
    world.client.scopes = [BILLS]
    world.client.save()
    world.own(account(1001), account(1002, "Shop", "7 Elm Road"))
    return world


def url_of(world: World, **fields: Any) -> str:
    """Return the address of a form that asks for bills."""
    return form_url(world.ask(BILLS, details=[{"type": BILLS, **fields}]))


def html_of(world: World, **fields: Any) -> str:
    """Return such a form."""
    return world.browser.get(url_of(world, **fields)).content.decode()


def ticked(html: str) -> list[str]:
    """Return the ids of the ticked rows."""
    return re.findall(r'value="(ac_\w+)" checked', html)


@spec("WG3-01 9.2.3.1 b", "WG3-01 9.2.3.1 c")
def test_entries(bills: World) -> None:
    """Number, name and address of each."""
    html = html_of(bills)
    for words in ("1001", "Home", "12 Main St", "1002", "Shop", "7 Elm Road"):
        assert words in html


@spec("WG3-01 9.2.3.1 d")
def test_one_account_is_chosen(bills: World) -> None:
    """The other stays out of the Grant."""
    bills.browser.post(url_of(bills), answer("ac_1001"))
    assert Grant.objects.get().selections.get().object_ids == ["ac_1001"]


@spec("WG3-01 9.2.3.1 e")
@pytest.mark.parametrize(("action", "chosen"), [("all-0", ["ac_1001", "ac_1002"]), ("none-0", [])])
def test_all_or_none(bills: World, action: str, chosen: list[str]) -> None:
    """Without a script it is a round trip."""
    url = url_of(bills)
    bills.browser.get(url)
    bills.browser.post(url, answer("ac_1001", action=action))
    html = bills.browser.get(url).content.decode()
    assert ticked(html) == chosen
    assert 'data-select="all"' in html


@spec("WG3-01 9.2.3.1 f")
def test_accounts_of_the_future(bills: World) -> None:
    """The box is there, and it counts."""
    url = url_of(bills)
    assert 'name="request-1-later"' in bills.browser.get(url).content.decode()
    bills.browser.post(url, answer("ac_1001", later=True))
    assert Grant.objects.get().selections.get().include_future


@spec("WG3-01 9.2.3.1 g", "WG3-01 9.2.3.1 h", "WG3-01 9.2.3.1 i", "WG3-01 9.2.3.1 j")
@pytest.mark.parametrize("query", ["1007", "harbor", "elm road"])
def test_long_lists(bills: World, query: str) -> None:
    """Search by number, name and address; its own scrolling, a count, and what is hidden."""
    bills.own(account(1007, "Harbor", "7 Elm Road"), *(account(n) for n in range(2010, 2020)))
    url = url_of(bills)
    html = bills.browser.get(url).content.decode()
    for mark in ("data-search", "pick-list-long", "data-count", "data-chosen", "0 of 11 selected"):
        assert mark in html
    bills.browser.post(url, answer("ac_2010", action="search-0") | {"request-1-query": query})
    html = bills.browser.get(url).content.decode()
    assert html.count("data-row hidden") == 10
    assert "1 of 11 selected" in html


@spec("WG3-01 9.2.3.1 k")
def test_preselection(bills: World) -> None:
    """Ticked, and the other can be ticked."""
    html = html_of(bills, account_numbers=["1002"])
    assert ticked(html) == ["ac_1002"]
    assert 'value="ac_1001"' in html


@spec("WG3-01 9.2.3.1 l", "WG3-01 9.2.3.1 m")
def test_special_values(bills: World) -> None:
    """Every account, and the box for those of the future."""
    html = html_of(bills, account_numbers=["_all", "_include_future"])
    assert ticked(html) == ["ac_1001", "ac_1002"]
    assert "data-later checked" in html
    assert "data-later checked" not in html_of(bills, account_numbers=["_all"])
