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
    SelectionType.METER_DEVICE.value: "meter",
    SelectionType.SERVICE_POINT.value: "service_point",
}
PREFIXES = {"meter": "md", "service_point": "sp"}
objects = st.frozensets(st.sampled_from(NAMES))


@st.composite
def places(draw):
    """Return a structure whose points and meters have ids of their own."""
    snapshot = draw(snapshots())
    named = {
        kind: {
            pk: replace(each, public_id=f"{prefix}{pk}") for pk, each in snapshot.of(kind).items()
        }
        for kind, prefix in PREFIXES.items()
    }
    return replace(snapshot, objects={**snapshot.objects, **named})


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(PLACES)), some, some, places(), objects)
def test_only_chosen_places_are_reached(selection_type, named, accounts, snapshot, wanted):
    """Of the kind that was chosen from, and usage is bound to it whatever the listings show."""
    kind = PLACES[selection_type]
    choice = Choice(
        selection_type=selection_type,
        objects=frozenset(f"{PREFIXES[kind]}{key}" for key in named),
        everything=False,
        include_future=False,
        accounts=accounts,
        since=SINCE,
    )
    reached = reach(choice, snapshot, wanted)
    chosen = named & snapshot.of(kind).keys()
    listed, hidden = reached.listed(kind), reached.hidden(kind)
    assert listed | hidden <= chosen
    if "UsageSegment" not in wanted:
        assert (reached.through, hidden) == ("", frozenset())
        return
    assert reached.through == kind
    assert listed | hidden == chosen
    measured = {
        s.contract
        for s in snapshot.series
        if s.at(kind) in chosen
        and s.contract in snapshot.of("contract")
        and snapshot.of("contract")[s.contract].one("account") in accounts
    }
    assert measured <= reached.listed("contract") | reached.hidden("contract")


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
        for kind in ("contract", "service_point", "meter"):
            lost = hanging_on(then, gone)[kind] | hanging_on(now, gone)[kind]
            shown = seen.of(kind).keys()
            if is_open:
                assert not (lost - mine[kind]) & shown
            else:
                assert shown <= mine[kind]
        assert not seen.of("account").keys() & (gone - part.accounts)
    assert held.whole == Part(FOREVER, frozenset(accounts))
