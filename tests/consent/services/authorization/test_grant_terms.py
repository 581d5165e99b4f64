"""The terms of a Grant, from accepted access (CDS-WG3-01 7.3, 7.3.8)."""

from datetime import timedelta

from django.utils import timezone

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
