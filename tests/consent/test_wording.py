"""The sentences that customers read: right facts, dates beside spans, no jargon."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from consent.catalogue.demo_offers import demo_offers, value_type_choices
from consent.catalogue.details import RequestedAccess, parse_request
from consent.models import Grant
from consent.wording import (
    asked_line,
    count_by_type,
    data_items,
    duration_sentences,
    end_of_following,
    end_of_sharing,
    service_type_words,
    summary_sentences,
)
from consent.wording.durations import End, EndKind
from consent.wording.status import StatusFacts, status_words
from registration.catalogue.offers import Choice, FieldOffer

NOW = datetime(2026, 1, 1, 20, tzinfo=UTC)
ZONE = ZoneInfo("America/Los_Angeles")
JARGON = re.compile(r"\b(scopes?|tokens?|grants?|oauth|segments?|P\d+[YMD]|PT0S|infinite)\b", re.I)


def asked(scope: str, **values: Any) -> RequestedAccess:
    """Return what a request for one demo scope asks for, with these values."""
    access = parse_request([scope], None, demo_offers(), now=NOW)[0]
    return access.with_values(MappingProxyType(values))


def spans(**values: Any) -> tuple[str, ...]:
    """Return the sentences about usage with these values; nothing else ends it."""
    return duration_sentences(
        [asked("cds_usage", **{"sync_until": "infinite", **values})], now=NOW, zone=ZONE
    )


@pytest.mark.spec("WG3-01 9.2.2.2 m", "WG3-01 9.2.2.2 n", "WG3-01 9.2.2.2 o", "WG3-01 9.2.2.2 p")
@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (
            "P1Y",
            "P3Y",
            (
                "Usage since 1 January 2025 (1 year ago), "
                "and new usage until 1 January 2029 (in 3 years)."
            ),
        ),
        (
            "P18M",
            "PT0S",
            "Usage from 1 July 2024 (18 months ago) up to today. Nothing new afterwards.",
        ),
        (
            "P30D",
            "infinite",
            "Usage since 2 December 2025 (30 days ago), and new usage until you stop sharing.",
        ),
        (
            "PT0S",
            "P1Y",
            "Only new usage, from today, 1 January 2026 until 1 January 2027 (in 1 year).",
        ),
        (
            "PT0S",
            "infinite",
            "Only new usage from today, 1 January 2026 on, until you stop sharing.",
        ),
        ("infinite", "infinite", "All your past usage, and new usage until you stop sharing."),
        ("infinite", "PT0S", "All your past usage up to today. Nothing new afterwards."),
        ("PT0S", "PT0S", "No usage: the time span that was asked for is empty."),
        (
            "2026-01-01T10:00:00Z",
            "PT0S",
            "Only usage of today, 1 January 2026. Nothing new afterwards.",
        ),
        (
            "2026-01-01T10:00:00Z",
            "P1Y",
            "Only new usage, from today, 1 January 2026 until 1 January 2027 (in 1 year).",
        ),
        (
            "2025-06-01T08:00:00Z",
            "2025-03-01T08:00:00Z",
            "No usage: the time span that was asked for is empty.",
        ),
        (
            "2027-02-01T08:00:00Z",
            "P1Y",
            "No usage: the time span that was asked for is empty.",
        ),
        (
            "2025-03-01T08:00:00Z",
            "2025-06-01T08:00:00Z",
            "Usage from 1 March 2025 to 1 June 2025. Nothing newer.",
        ),
    ],
)
def test_usage_spans_are_full_sentences_with_dates(start: str, end: str, sentence: str) -> None:
    """CDS-WG3-01 9.2.2.2: past only, new only and open-ended each say so."""
    assert spans(segment_start=start, segment_end=end)[0] == sentence


@pytest.mark.parametrize(
    ("end", "sync", "sentence"),
    [
        ("P3Y", "P1Y", "Usage since 2 December 2025 (30 days ago), and new usage until "),
        ("infinite", "P1Y", "Usage since 2 December 2025 (30 days ago), and new usage until "),
        ("P1Y", "P3Y", "Usage since 2 December 2025 (30 days ago), and new usage until "),
    ],
)
def test_no_new_usage_is_promised_after_the_end_of_syncing(
    end: str, sync: str, sentence: str
) -> None:
    """Data is read as of sync_until, so the earlier of the two ends is the true one."""
    lines = spans(segment_start="P30D", segment_end=end, sync_until=sync)
    assert lines[0] == sentence + "1 January 2027 (in 1 year)."


def test_syncing_that_ends_at_once_leaves_past_usage() -> None:
    """A window into the future brings nothing when nothing is synced any more."""
    assert spans(segment_start="P1Y", segment_end="infinite", sync_until="PT0S")[0] == (
        "Usage from 1 January 2025 (1 year ago) up to today. Nothing new afterwards."
    )


@pytest.mark.spec("WG3-01 9.2.2.2 e", "WG3-01 9.2.2.2 f", "WG3-01 9.2.2.2 g", "WG3-01 9.2.2.2 h")
@pytest.mark.parametrize(
    ("start", "end", "sync", "sentence"),
    [
        ("P0D", "P0D", "PT0S", "Only bills of today, 1 January 2026. No new bills afterwards."),
        ("2026-01-02", "P0D", "PT0S", "No bills: the time span that was asked for is empty."),
        (
            "P1Y",
            "infinite",
            "PT0S",
            "Bills from 1 January 2025 (1 year ago) up to today. No new bills afterwards.",
        ),
        (
            "P1Y",
            "infinite",
            "infinite",
            "Bills since 1 January 2025 (1 year ago), and new bills until you stop sharing.",
        ),
        (
            "P0D",
            "P1Y",
            "P1Y",
            "Only new bills, from today, 1 January 2026 until 1 January 2027 (in 1 year).",
        ),
    ],
)
def test_bill_spans_count_whole_days_and_end_with_syncing(
    start: str, end: str, sync: str, sentence: str
) -> None:
    """The last day of a window of dates belongs to it."""
    access = asked(
        "cds_usage",
        include_bill_statements=True,
        statement_date_start=start,
        statement_date_end=end,
        sync_until=sync,
    )
    assert sentence in duration_sentences([access], now=NOW, zone=ZONE)


@pytest.mark.spec("WG3-01 9.2.2.2 i", "WG3-01 9.2.2.2 j", "WG3-01 9.2.2.2 k", "WG3-01 9.2.2.2 l")
@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("P1Y", "P1Y", "Bill details since 1 January 2025", "until 1 January 2027 (in 1 year)."),
        ("P0D", "infinite", "Only new bill details from today", "until you stop sharing."),
        ("P1Y", "P0D", "Bill details from 1 January 2025", "today. Nothing new afterwards."),
    ],
)
def test_spans_of_bill_details(start: str, end: str, first: str, last: str) -> None:
    """Between the dates of bill sections, in words of their own."""
    dates = {"start_date": start, "end_date": end, "sync_until": "infinite"}
    access = asked("cds_usage", include_bill_sections=True, **dates)
    lines = duration_sentences([access], now=NOW, zone=ZONE)
    (line,) = [each for each in lines if "ill details" in each]
    assert line.startswith(first)
    assert line.endswith(last)


@pytest.mark.spec("WG3-01 9.2.2.2 b", "WG3-01 9.2.2.2 c", "WG3-01 9.2.2.2 d")
@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        ("PT0S", "Details of your accounts and services as they are today. No updates afterwards."),
        (
            "infinite",
            "Details of your accounts and services, kept up to date until you stop sharing.",
        ),
        (
            "P1Y",
            (
                "Details of your accounts and services, "
                "kept up to date until 1 January 2027 (in 1 year)."
            ),
        ),
    ],
)
def test_sync_says_how_long_details_are_kept_current(until: str, sentence: str) -> None:
    """CDS-WG3-01 9.2.2.2."""
    access = asked("cds_service_contracts", sync_until=until)
    assert duration_sentences([access], now=NOW, zone=ZONE) == (sentence,)


@pytest.mark.spec("WG3-01 9.2.2.2 t")
def test_equal_durations_are_said_once() -> None:
    """Two merged requests with the same end make one statement about all their objects."""
    accesses = [
        asked("cds_service_contracts", sync_until="P1Y"),
        asked("cds_usage", sync_until="P1Y", segment_start="P1Y", segment_end="P1Y"),
    ]
    lines = duration_sentences(accesses, now=NOW, zone=ZONE)
    assert len(lines) == 2
    assert "accounts, services, connections, and meters" in lines[1]


def test_expiry_of_all_access_is_said() -> None:
    """A request that ends as a whole says when."""
    access = asked("cds_service_contracts", expires="P30D")
    assert "All access ends on 31 January 2026 (in 30 days)." in duration_sentences(
        [access], now=NOW, zone=ZONE
    )


def test_dates_are_those_of_the_utility_not_of_utc() -> None:
    """Early in the UTC day it is still yesterday in California."""
    night = datetime(2026, 1, 1, 3, tzinfo=UTC)
    access = asked("cds_service_contracts", sync_until="P1Y")
    assert "31 December 2026" in duration_sentences([access], now=night, zone=ZONE)[0]


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ({"segment_end": "P1Y", "sync_until": "P3Y"}, End(EndKind.UNTIL, date(2029, 1, 1))),
        ({"segment_end": "infinite", "sync_until": "P1Y"}, End(EndKind.UNTIL, date(2027, 1, 1))),
        ({"segment_end": "infinite", "sync_until": "infinite"}, End(EndKind.OPEN)),
        (
            {"segment_end": "infinite", "sync_until": "infinite", "expires": "P1Y"},
            End(EndKind.UNTIL, date(2027, 1, 1)),
        ),
        ({"segment_end": "PT0S", "sync_until": "PT0S"}, End(EndKind.NOW, date(2026, 1, 1))),
    ],
)
def test_the_closing_sentence_knows_the_last_end(values: Mapping[str, Any], end: End) -> None:
    """The latest end counts, the end of all access caps it."""
    assert end_of_sharing([asked("cds_usage", **values)], now=NOW, zone=ZONE) == end


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ({"segment_end": "P3Y", "sync_until": "P1Y"}, End(EndKind.UNTIL, date(2027, 1, 1))),
        ({"segment_end": "P1Y", "sync_until": "infinite"}, End(EndKind.OPEN)),
        ({"sync_until": "infinite", "expires": "P1Y"}, End(EndKind.UNTIL, date(2027, 1, 1))),
        ({"segment_end": "P3Y", "sync_until": "PT0S"}, End(EndKind.NOW, date(2026, 1, 1))),
    ],
)
def test_later_services_are_followed_until_syncing_ends(
    values: Mapping[str, Any], end: End
) -> None:
    """A window of usage says nothing about which services come in."""
    assert end_of_following([asked("cds_usage", **values)], now=NOW, zone=ZONE) == end


@pytest.mark.spec("WG3-01 9.2.2.1 b", "WG3-01 9.2.2.1 d")
def test_data_is_a_short_list_with_examples() -> None:
    """CDS-WG3-01 9.2.2.1: at most five phrases; every explanation of a field has an example."""
    accesses = [asked("cds_usage"), asked("cds_service_contracts")]
    items = data_items(accesses, demo_offers())
    assert [item.phrase for item in items] == [
        "Your usage of electricity and natural gas, as your meters measured it",
        "Your services: service numbers and rate plans",
        "Your accounts: account numbers",
        "Your meters: connection points and meter numbers",
    ]
    assert all(item.rows[0].explanation and item.rows[0].example for item in items)


def test_qualities_of_one_reading_are_one_line() -> None:
    """Five qualities of the same measurement would tell a customer nothing."""
    usage = data_items([asked("cds_usage")], demo_offers())[0]
    labels = [row.label for row in usage.rows]
    assert labels.count("Electricity you used") == 1
    assert "What your usage cost" not in labels


@pytest.mark.spec("WG3-01 9.2.2.1 d")
def test_every_detail_has_an_example() -> None:
    """Readings too, each in its unit, and cost in its currency."""
    choices = tuple(choice.id for choice in value_type_choices())
    usage = asked("cds_usage", include_usage_segment_value_types=choices)
    items = data_items([usage, asked("cds_service_contracts")], demo_offers())
    assert all(row.example for item in items for row in item.rows)
    # Where a kind of reading comes in several units, the first is the usual one.
    examples = {row.label: row.example for row in reversed(items[0].rows)}
    assert examples["Electricity you used"] == "0.42 kWh from 10:00 to 10:15"
    assert examples["The highest electric power you drew"] == "4.2 kW"
    assert examples["Natural gas you used"] == "1.3 therms"
    assert examples["What your usage cost"] == "$0.12"


def test_readings_without_words_have_an_example() -> None:
    """A utility may offer kinds of its own, and kinds without a unit."""
    offer = demo_offers()["cds_usage"]
    formats = (
        {"type": "electric_supply_mix"},
        {"type": "steam_usage", "units": "lb"},
        {"type": "steps"},
    )
    types = FieldOffer(
        id="include_usage_segment_value_types",
        choices=tuple(
            Choice(id=f"c{n}", name=f"Kind {n}", description="", usagesegment_format=entry)
            for n, entry in enumerate(formats)
        ),
    )
    access = asked("cds_usage", include_usage_segment_value_types=("c0", "c1", "c2"))
    rows = data_items([access], {"cds_usage": offer.with_field(types)})[0].rows[1:]
    assert [row.example for row in rows] == [
        "35 % wind power and 65 % water power",
        "12.5 lb",
        "12.5",
    ]


def test_cost_is_named_when_asked_for() -> None:
    """What usage cost tells more than how much it was."""
    access = asked("cds_usage", include_usage_segment_value_types=("gas_therm_raw", "cost_usd"))
    item = data_items([access], demo_offers())[0]
    assert item.phrase == "Your usage of natural gas, and what it cost"


def test_no_value_types_means_no_amounts() -> None:
    """Null leaves the time spans only (CDS-WG3-01 7.2.8.1)."""
    access = asked("cds_usage", include_usage_segment_value_types=None)
    assert "without any amounts" in data_items([access], demo_offers())[0].phrase


def test_the_customers_own_example_comes_first() -> None:
    """Seeing one's own, masked number says more than an invented one."""
    items = data_items(
        [asked("cds_service_contracts")],
        demo_offers(),
        examples={"include_contract_numbers": "SA-****11"},
    )
    assert "SA-****11" in [row.example for item in items for row in item.rows]


@pytest.mark.spec("WG3-01 9.2.2.1 a", "WG3-01 9.2.2.1 c", "WG3-01 9.2.2.2 a")
def test_no_jargon_reaches_customers() -> None:
    """No word of OAuth or of the standard in what the form says."""
    accesses = [asked("cds_usage"), asked("cds_service_contracts")]
    words = [
        row.explanation + row.label for i in data_items(accesses, demo_offers()) for row in i.rows
    ]
    words += [item.phrase for item in data_items(accesses, demo_offers())]
    words += duration_sentences(accesses, now=NOW, zone=ZONE)
    assert [text for text in words if JARGON.search(text)] == []


def test_spans_are_worded_in_the_active_language() -> None:
    """Dates follow the language even before every sentence is translated."""
    with translation.override("fr"):
        assert "janvier 2029" in spans(segment_start="P1Y", segment_end="P3Y")[0]


def test_counts_name_no_service() -> None:
    """What a stranger with the link may see (CDS-WG3-01 9.4)."""
    assert count_by_type(["electric", "natural_gas", "electric", "steam"]) == (
        "2 electric services",
        "1 natural gas service",
        "1 service",
    )
    assert count_by_type(
        ["electric, residential, metered", "electric, natural_gas, commercial", "metered"]
    ) == ("1 electric service", "2 services")
    assert count_by_type(["account", "account"]) == ("2 accounts",)


def test_service_types_have_everyday_names() -> None:
    """Known types are words, others at least lose their underscores."""
    assert service_type_words("electric, waste_water") == "electricity and waste water"
    assert service_type_words("district_heating") == "district heating"
    assert service_type_words("electric, natural_gas, commercial, unmetered") == (
        "electricity and natural gas: commercial and not metered"
    )
    assert service_type_words("residential") == "residential"


def test_asked_for_leaves_special_values_out() -> None:
    """`_all` is no number that a customer could look for."""
    line = asked_line("contract_numbers", ("111", "_all"))
    assert line is not None
    assert line.text == "Services with these numbers: 111"
    assert asked_line("contract_numbers", ("_all",)) is None


def test_kinds_have_the_words_of_their_choices() -> None:
    """Known services are translated; what the utility offers has the name it is offered by."""
    services = asked_line("service_types", ("electric",), {"electric": "Electricity"})
    meters = asked_line("meter_types", ("ami_meter", "net_meter"), {"ami_meter": "Smart meters"})
    assert services is not None
    assert meters is not None
    assert services.text == "Services of this kind: electricity"
    assert meters.text == "Meters of this kind: Smart meters, net meter"


@pytest.mark.spec("WG3-01 9.3.1 c")
def test_every_number_is_shown() -> None:
    """Many open on demand, none is left out."""
    line = asked_line("contract_numbers", [f"N{n:02}" for n in range(80)])
    assert line is not None
    assert line.more == "Show 30 more"
    assert (line.text + line.rest).count("N") == 80
    few = asked_line("contract_numbers", [str(n) for n in range(50)])
    assert few is not None
    assert (few.more, few.rest) == ("", "")


@pytest.mark.parametrize(
    ("count", "later", "text"),
    [
        (0, False, "Nothing is selected yet."),
        (1, False, "You will share 1 service with Acme until 1 January 2029."),
        (1200, False, "You will share 1,200 services with Acme until 1 January 2029."),
        (0, True, "You will share the services you add later with Acme until 1 January 2029."),
        (
            2,
            True,
            "You will share 2 services, and those you add later, with Acme until 1 January 2029.",
        ),
    ],
)
def test_summary_says_what_authorizing_does(count: int, later: bool, text: str) -> None:
    """The sentence above the buttons, as the server writes it."""
    end = End(EndKind.UNTIL, date(2029, 1, 1))
    assert summary_sentences(company="Acme", end=end, count=count, later=later).text == text


def test_a_company_cannot_write_marks_into_the_summary() -> None:
    """Its name is filled into templates that the page's script reads."""
    end = End(EndKind.OPEN)
    words = summary_sentences(company="**Ac{count}me**", end=end, count=3, later=False)
    assert words.other.count("**") == 4
    assert words.text == "You will share 3 services with Ac(count)me until you stop sharing."


@pytest.mark.parametrize("status", Grant.Status.values)
def test_every_status_has_words(status: str) -> None:
    """No status of the standard is shown as its code."""
    facts = StatusFacts(
        status=status, company="Acme", utility="DG&E", starts="1 May", ends="1 May", eta="noon"
    )
    words = status_words(facts)
    assert words.label
    assert words.label.lower() != status
    assert words.kind in {"ok", "wait", "bad", "ended"}


def test_what_stopped_says_since_when() -> None:
    """Where that is known; a trouble of the utility's has no such day."""
    facts = StatusFacts(status="stopped", company="Acme", utility="DG&E", stopped="1 May")
    assert "since 1 May" in status_words(facts).label
    assert "since" not in status_words(replace(facts, stopped="")).label


def test_status_names_who_stopped() -> None:
    """Customers learn whether they, the company or the utility ended it."""
    facts = StatusFacts(status="closed", company="Acme", utility="DG&E")
    assert status_words(facts).label == "Stopped by Acme"
