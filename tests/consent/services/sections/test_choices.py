"""What a request ticks beforehand (CDS-WG3-01 7.1), and what stands together (7.4.2)."""

import pytest

from consent.services.sections.choices import (
    NoLongerOffered,
    form_of,
    preset,
)
from registration.models import OfferedScope
from tests.consent.pages.world import MERGED, World, service

CONTRACTS = "service_contract_selection"
ROWS = (
    service(1, account="A"),
    service(2, account="A", kind="natural_gas"),
    service(3, account="B"),
    service(4, account="B", unavailable_reason="Closed."),
)


@pytest.mark.spec(
    "WG3-01 7.1 b", "WG3-01 7.1.1 d", "WG3-01 7.1.3 d", "WG3-01 7.1.4 d", "WG3-01 7.1.9 d"
)
@pytest.mark.parametrize(
    ("preselections", "ids", "later"),
    [
        ({}, set(), False),
        ({"contract_numbers": ("1", "9")}, {"sc_1"}, False),
        ({"contract_numbers": ("_all",)}, {"sc_1", "sc_2", "sc_3"}, False),
        ({"contract_numbers": ("_all", "_include_future")}, {"sc_1", "sc_2", "sc_3"}, True),
        ({"contract_numbers": ("_include_future",)}, set(), True),
        # Following what comes later does not narrow what is there today.
        ({"account_numbers": ("_include_future",), "contract_numbers": ("1",)}, {"sc_1"}, True),
        ({"account_numbers": ("B",)}, {"sc_3"}, False),
        ({"account_numbers": ("_all", "_include_future")}, {"sc_1", "sc_2", "sc_3"}, True),
        ({"service_types": ("electric",)}, {"sc_1", "sc_3"}, False),
        ({"service_types": ("electric",), "account_numbers": ("A",)}, {"sc_1"}, False),
        ({"service_types": ("natural_gas",), "account_numbers": ("B",)}, set(), False),
        ({"meter_numbers": ("M2",)}, {"sc_2"}, False),
        # `_all` has no meaning for meters in a list of services: it is a number like any other.
        ({"meter_numbers": ("_all",)}, set(), False),
        # A field without a rule for this list is left out of the intersection.
        ({"account_programs": ("CARE",), "contract_numbers": ("1",)}, {"sc_1"}, False),
    ],
)
def test_preselections_intersect(
    preselections: dict[str, tuple[str, ...]], ids: set[str], later: bool
) -> None:
    """Every rule of 7.1 that a list of services knows; unavailable rows are never ticked."""
    choice = preset(ROWS, preselections, CONTRACTS)
    assert (choice.selected, choice.later) == (frozenset(ids), later)


@pytest.mark.spec("WG3-01 7.1.13.1 d")
@pytest.mark.parametrize(
    ("addresses", "ids"),
    [
        (("1 hill road",), {"sc_1"}),
        (("  1 HILL Road ", "9 nowhere"), {"sc_1"}),
        (("1 hill road", "1 Hill Road"), {"sc_1"}),
        # Two services in one home: the address does not say which.
        (("2 hill road",), set()),
        (("2 hill road", "1 hill road"), {"sc_1"}),
        # The other service there can not be chosen, so it does not count.
        (("3 hill road",), {"sc_4"}),
        (("_all",), set()),
    ],
)
def test_addresses_match_one_service_or_none(
    world: World, addresses: tuple[str, ...], ids: set[str]
) -> None:
    """Compared as the catalog compares them."""
    homes = (1, 2, 2, 3, 3)
    rows = [
        service(
            number,
            facts={"addresses": frozenset({f"{home} hill road"})},
            unavailable_reason="Closed." if number == 5 else "",
        )
        for number, home in enumerate(homes, start=1)
    ]
    assert preset(rows, {"addresses": addresses}, CONTRACTS).selected == ids
    both = {"addresses": addresses, "contract_numbers": ("1", "2")}
    assert preset(rows, both, CONTRACTS).selected == ids & {"sc_1"}


@pytest.mark.spec("WG3-01 7.4.2 h")
def test_merged_scopes_are_one_section(world: World) -> None:
    """One list for both, and one question to the catalog."""
    request = world.ask(details=MERGED)
    sections = form_of(request, world.alice).sections
    assert [len(section.accesses) for section in sections] == [2]
    assert len(form_of(world.ask(), world.alice).sections) == 2
    assert world.catalog.asked == 2


def test_a_withdrawn_scope_is_noticed(world: World) -> None:
    """The offer may change while the customer reads."""
    request = world.ask("cds_usage")
    OfferedScope.objects.filter(scope_id="cds_usage").delete()
    with pytest.raises(NoLongerOffered):
        form_of(request, world.alice)
