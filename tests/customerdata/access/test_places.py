"""Chosen meters and points bound what an entry reaches, on small random structures."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from consent.catalogue.selection import SelectionType
from customerdata.access.entries import Holdings, Part
from customerdata.access.parts import hanging_on, view
from customerdata.access.rules import Choice, reach
from customerdata.models.access import FOREVER
from tests.customerdata.access.test_compute import NAMES, SINCE, keys, snapshots, some

PLACES = {
    SelectionType.METER_DEVICE.value: "meters",
    SelectionType.SERVICE_POINT.value: "service_points",
}
objects = st.frozensets(st.sampled_from(NAMES))


@st.composite
def places(draw):
    """Return a structure whose points and meters have ids of their own."""
    snapshot = draw(snapshots())
    return replace(
        snapshot,
        meters={pk: replace(m, public_id=f"md{pk}") for pk, m in snapshot.meters.items()},
        service_points={
            pk: replace(p, public_id=f"sp{pk}") for pk, p in snapshot.service_points.items()
        },
    )


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(PLACES)), some, some, places(), objects)
def test_only_chosen_places_are_reached(selection_type, named, accounts, snapshot, wanted):
    """Of the kind that was chosen from, and usage is bound to it whatever the listings show."""
    kind = PLACES[selection_type]
    prefix = {"meters": "md", "service_points": "sp"}[kind]
    choice = Choice(
        selection_type=selection_type,
        objects=frozenset(f"{prefix}{key}" for key in named),
        everything=False,
        include_future=False,
        accounts=accounts,
        since=SINCE,
    )
    reached = reach(choice, snapshot, wanted)
    chosen = named & getattr(snapshot, kind).keys()
    listed, hidden = getattr(reached, kind), getattr(reached, f"hidden_{kind}")
    assert listed | hidden <= chosen
    if "UsageSegment" not in wanted:
        assert (reached.through, hidden) == ("", frozenset())
        return
    assert reached.through == {"meters": "meter", "service_points": "service_point"}[kind]
    assert listed | hidden == chosen
    measured = {
        s.contract
        for s in snapshot.series
        if {"meters": s.meter, "service_points": s.service_point}[kind] in chosen
        and s.contract in snapshot.contracts
        and snapshot.contracts[s.contract].account in accounts
    }
    assert measured <= reached.contracts | reached.hidden_contracts


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(keys, st.sampled_from(["goes on", "ended", "mistaken"]), max_size=4),
    places(),
    places(),
)
def test_what_hung_on_an_account_that_is_gone_stays_there(links, then, now):
    """The open part has none of it, unless it hangs on an account that is still held."""
    accounts = {pk: 1 for pk, state in links.items() if state != "mistaken"}
    held = Holdings(
        accounts,
        {pk: SINCE for pk, state in links.items() if state == "ended"},
        {pk: SINCE for pk, state in links.items() if state == "mistaken"},
    )
    gone = frozenset(held.ends) | frozenset(held.mistaken)
    for part in held.parts:
        is_open = part.until == FOREVER
        seen = view(now if is_open else then, part, held, {SINCE: then})
        mine = hanging_on(now if is_open else then, part.accounts)
        if not gone:
            assert seen == now
            continue
        for kind in ("contracts", "service_points", "meters"):
            lost = getattr(hanging_on(then, gone), kind) | getattr(hanging_on(now, gone), kind)
            shown = getattr(seen, kind).keys()
            if is_open:
                assert not (lost - getattr(mine, kind)) & shown
            else:
                assert shown <= getattr(mine, kind)
        assert not seen.accounts.keys() & (gone - part.accounts)
    assert held.whole == Part(FOREVER, frozenset(accounts))
