"""Keys of services and channels: no two are one, and later files find them again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customerdata.models import Account, Customer, MeterDevice, ServiceContract, ServicePoint
from customerdata.sources.greenbutton.identity import channel_key, service_key
from customerdata.sources.greenbutton.model import UsagePoint
from tests.customerdata.sources.greenbutton.conftest import load, stored
from tests.customerdata.sources.greenbutton.feeds import (
    bare,
    block,
    document,
    feed,
    point,
    reading,
    reading_type,
)

START = 1768021200
LINKS = st.text(st.characters(codec="utf-8"), max_size=12).map(lambda end: "x" * 190 + "/" + end)


def key(link: str, service: str = "electric", kind: int = 0, number: int = 1) -> str:
    """Return the key of a point of one account."""
    account = Account(source_key="a1", customer=Customer())
    return service_key(account, UsagePoint(link, 1, kind), service, number)


@given(LINKS | st.text(max_size=30), LINKS | st.text(max_size=30))
def test_points_share_a_key_only_if_they_share_a_link(one, other):
    """Links of retail customers are often longer than a column."""
    assert (key(one) == key(other)) == (one == other)
    assert len(key(one)) <= 200


@given(st.text(max_size=300), st.text(max_size=300), st.integers(1, 5), st.integers(1, 5))
def test_channels_share_a_key_only_if_they_share_a_link(one, other, first, second):
    """Those without a link are numbered."""
    same = one == other and (bool(one) or first == second)
    assert (channel_key(one, first) == channel_key(other, second)) == same


def test_short_links_keep_the_key_of_releases_before():
    """What is stored under it is found again."""
    assert key("https://gb.example.org/UsagePoint/1") == (
        "greenbutton:a1:https://gb.example.org/UsagePoint/1"
    )


def test_a_service_that_the_point_does_not_state_is_another_service():
    """Gas under a point of electricity is not the electricity of that point."""
    assert key("UP/1", "natural_gas", 0) != key("UP/1", "electric", 0)
    assert key("", "natural_gas") != key("", "electric")
    assert key("", number=1) != key("", number=2)
    assert key("", number=1) != key("#electric/1")


@pytest.mark.usefixtures("account")
def test_a_point_without_link_that_was_known_by_its_line_is_found_again():
    """Releases before named it so; its series and its history stay with it."""
    data = document(bare(point()), bare(reading_type()), bare(block(reading(START, 3600, 1000))))
    load(data)
    for kind in (ServiceContract, ServicePoint, MeterDevice):
        kind.objects.update(source_key="greenbutton:a1:#3")
    before = stored()
    assert load(data).changes == 0
    assert stored() == before
    assert ServiceContract.objects.get().source_key == "greenbutton:a1:#electric/1"


@pytest.mark.usefixtures("account")
def test_a_service_under_a_key_that_was_cut_off_is_reported():
    """Which of the points that shared it stored what cannot be known any more."""
    link = "https://gb.example.org/" + "x" * 200
    data = feed([reading(START, 3600, 1000)]).replace(b"UP/1", link.encode())
    load(data)
    ServiceContract.objects.update(source_key=f"greenbutton:a1:{link}"[:200])
    assert any("an earlier release" in text for text in load(data).warnings)
    assert ServiceContract.objects.count() == 2


@pytest.mark.usefixtures("account")
def test_a_point_without_any_name_that_is_taken_as_a_stored_one_is_reported():
    """The next file may be of another house: the operator has to know what was assumed."""
    data = document(
        bare(point()),
        bare("<MeterReading/>"),
        bare(reading_type()),
        bare(block(reading(START, 3600, 1))),
    )
    words = "neither a link nor an id"
    assert not any(words in text for text in load(data).warnings)
    assert sum(words in text for text in load(data).warnings) == 1
