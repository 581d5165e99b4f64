"""The terms of a Grant, from accepted access (CDS-WG3-01 7.3, 7.3.8)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from consent.catalogue.details import RequestedAccess
from consent.services.authorization.grant_terms import grant_terms
from consent.services.receipts import SharedSection
from consent.services.sections.choices import Section, SectionChoice, form_of
from portal.values.times import format_datetime
from tests.consent.pages.world import World


def sections(world: World, *entries: dict[str, object]) -> tuple[Section, ...]:
    """Return the sections in which alice chooses for these entries."""
    row = world.ask(*dict.fromkeys(str(entry["type"]) for entry in entries), details=entries)
    return form_of(row, world.alice).sections


def test_entries_come_as_the_client_asked_whatever_the_sections(world: World) -> None:
    """Each has its own selection, under its own number."""
    usage, contracts = sections(world, {"type": "cds_usage"}, {"type": "cds_service_contracts"})
    shared = [
        SharedSection(contracts, SectionChoice(frozenset({"sc_2", "sc_1"}), later=True)),
        SharedSection(usage, SectionChoice(frozenset({"sc_3"}))),
    ]
    order = ["cds_usage", "cds_service_contracts"]
    terms = grant_terms(shared, order=order, now=timezone.now())
    assert [entry["type"] for entry in terms.authorization_details] == order
    assert terms.scope == " ".join(order)
    assert [(each.entry, each.scope_id, each.object_ids) for each in terms.selections] == [
        (0, "cds_usage", ("sc_3",)),
        (1, "cds_service_contracts", ("sc_1", "sc_2")),
    ]
    assert [each.include_future for each in terms.selections] == [False, True]


def test_spans_count_from_the_moment_of_the_answer(world: World) -> None:
    """What the request wrote as a duration is an instant from now on."""
    now = timezone.now().replace(microsecond=0)
    both = sections(
        world,
        {"type": "cds_service_contracts", "expires": "P30D"},
        {"type": "cds_usage", "expires": "P30D"},
    )
    shared = [SharedSection(section, SectionChoice(frozenset({"sc_1"}))) for section in both]
    terms = grant_terms(shared, order=["cds_service_contracts", "cds_usage"], now=now)
    assert terms.expires is not None
    ends = {entry["expires"] for entry in terms.authorization_details}
    assert ends == {format_datetime(terms.expires)}
    assert abs(terms.expires - now - timedelta(days=30)) < timedelta(days=1)


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
IDS = st.frozensets(st.sampled_from(["sc_1", "sc_2", "sc_3"]))
ENDS = st.sampled_from(["infinite", "P1D", "P30D", "2027-01-01T00:00:00Z"])
SCOPE_IDS = ["cds_usage", "cds_service_contracts", "cds_accounts"]


@st.composite
def requests(draw: st.DrawFn) -> tuple[list[SharedSection], list[str]]:
    """Return sections of one or more accesses, in any order, with the order of the request."""
    order = draw(st.permutations(SCOPE_IDS))
    accesses = [
        RequestedAccess(
            scope_id=scope_id,
            scope_type=scope_id,
            values={"expires": draw(ENDS), "contract_numbers": ("1",)},
            selection_type="service_contract_selection",
        )
        for scope_id in draw(st.permutations(order))
        for _ in range(draw(st.integers(0, 2)))
    ]
    groups: dict[int, list[RequestedAccess]] = {}
    for access in accesses:
        groups.setdefault(draw(st.integers(0, 2)), []).append(access)
    shared = [
        SharedSection(a_section(index, tuple(group)), SectionChoice(draw(IDS), draw(st.booleans())))
        for index, group in groups.items()
    ]
    return shared, order


def a_section(index: int, accesses: tuple[RequestedAccess, ...]) -> Section:
    """Return a section whose list does not matter here."""
    return Section(
        index=index,
        accesses=accesses,
        selection_type="service_contract_selection",
        rows=(),
        preset=SectionChoice(),
        asked=(),
        is_modifiable=True,
        wants_preselection=False,
        purpose_id=None,
    )


@pytest.mark.spec("WG3-01 7.3.8 c")
@given(requests())
def test_terms_hold_all_that_is_shared_and_nothing_else(
    request: tuple[list[SharedSection], list[str]],
) -> None:
    """An entry for each access, in the order asked; its own choice; the first end of them all."""
    shared, order = request
    terms = grant_terms(shared, order=order, now=NOW)
    entries = terms.authorization_details
    types = [entry["type"] for entry in entries]
    given_in = [access.scope_id for each in shared for access in each.section.accesses]
    assert types == sorted(given_in, key=order.index)
    assert terms.scope.split() == [name for name in order if name in types]
    assert [each.entry for each in terms.selections] == list(range(len(entries)))
    assert [each.scope_id for each in terms.selections] == types
    wanted = sorted(
        (access.scope_id, tuple(sorted(each.choice.selected)), each.choice.later)
        for each in shared
        for access in each.section.accesses
    )
    kept = [(each.scope_id, each.object_ids, each.include_future) for each in terms.selections]
    assert sorted(kept) == wanted
    # Durations are instants now, and what only told the form what to tick is gone.
    ends = [entry["expires"] for entry in entries if entry["expires"] != "infinite"]
    assert terms.expires == min(map(datetime.fromisoformat, ends), default=None)
    assert not any("contract_numbers" in entry for entry in entries)
