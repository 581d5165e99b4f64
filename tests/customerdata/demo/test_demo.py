"""The demo utility: what each login meets, and that making it again is harmless."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import authenticate as sign_in
from django.core.management import CommandError, call_command
from django.db.models import Max, Sum
from django.utils import timezone
from pypdf import PdfReader

from consent.catalogue.demo_offers import value_type_choices
from customerdata.demo import developer, people, seed
from customerdata.demo.bills import issue_bills
from customerdata.demo.dates import Calendar
from customerdata.demo.homes import make_ana, make_dan, make_gil
from customerdata.demo.moved import make_fay
from customerdata.demo.profiles import PROFILES
from customerdata.enums.usage import ReadingQualityType as Quality
from customerdata.models import (
    AccountHolder,
    AccountVersion,
    BillSectionVersion,
    BillStatementVersion,
    CompletenessRange,
    Customer,
    MeterDeviceVersion,
    ServiceContractVersion,
    ServicePointVersion,
    UsagePack,
    UsageSeries,
)
from portal.models import AuditEvent, User
from registration.models import Client, CoverageEntry
from registration.services.catalogue.offers import current_offers
from registration.services.credentials.lifecycle import authenticate

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("America/Los_Angeles")
FEW = {"logins", "offers and territories", "Ana"}
FEW = {"logins", "offers and territories", "Ana"}
SMALL = tuple(step for step in seed.STEPS if step[0] in FEW)


@pytest.fixture
def calendar():
    """Noon of 2 April 2026: both clock changes lie in the months before."""
    return Calendar(datetime(2026, 4, 2, 19, tzinfo=UTC), ZONE)


@pytest.fixture
def logins(calendar):
    people.create_people()


def packs_of(number):
    return UsagePack.objects.current().filter(contract__source_key=f"demo:{number}")


def month(number, year, month_):
    start = datetime(year, month_, 1, tzinfo=ZONE)
    return packs_of(number).get(segment_start=start)


def test_ana_has_every_quarter_of_an_hour_of_25_months(logins, calendar):
    """Months with a clock change have four values less or more; today is not over."""
    make_ana(calendar)
    assert month("222222", 2026, 2).count == 28 * 96
    assert month("222222", 2026, 3).count == 31 * 96 - 4
    assert month("222222", 2025, 11).count == 30 * 96 + 4
    found = packs_of("222222").aggregate(last=Max("segment_end"), values=Sum("count"))
    midnight = datetime(2026, 4, 2, tzinfo=ZONE)
    first = datetime(2024, 3, 2, tzinfo=ZONE)
    assert found["last"] == midnight
    assert found["values"] == (midnight.astimezone(UTC) - first.astimezone(UTC)) / timedelta(
        minutes=15
    )


@pytest.mark.spec("WG3-01 10.8.5.1.2 b")
def test_ana_sends_back_what_the_panels_make_beyond_her_use(logins, calendar):
    """Net is the sum of forward and reverse, exactly, in one series of kWh."""
    make_ana(calendar)
    net, forward, reverse = (c.values() for c in month("222222", 2025, 6).unpacked().columns)
    assert all(n == f + r for n, f, r in zip(net, forward, reverse, strict=True))
    assert min(forward) == max(reverse) == 0
    assert Decimal(-1500) < sum(reverse) < Decimal(-100)
    assert Decimal(100) < sum(forward) < Decimal(1500)


def test_gas_days_begin_at_local_midnight(logins, calendar):
    """The day of a clock change has 23 or 25 hours and is a period of its own length."""
    make_ana(calendar)
    lengths = dict(packs_of("333333").values_list("segment_start", "interval"))
    assert len(lengths) == (date(2026, 4, 2) - date(2024, 3, 2)).days
    assert lengths[datetime(2026, 3, 8, tzinfo=ZONE)] == 23 * 3600
    assert lengths[datetime(2025, 11, 2, tzinfo=ZONE)] == 25 * 3600
    assert lengths[datetime(2026, 3, 9, tzinfo=ZONE)] == 24 * 3600


def test_ana_signs_in_and_finds_her_account(logins, calendar):
    """Login, mail address, account and numbers are those that the documentation shows."""
    make_ana(calendar)
    ana = sign_in(email="ana@example.com", password=people.PASSWORD)
    assert ana is not None
    assert EmailAddress.objects.get(user=ana).verified
    held = AccountHolder.objects.of(ana, environment="sandbox").get()
    assert AccountVersion.objects.current().get(account=held.account).account_number == "1111-1"
    contracts = ServiceContractVersion.objects.current().filter(account=held.account)
    assert set(contracts.values_list("contract_number", flat=True)) == {"222222", "333333"}


def test_making_a_customer_again_changes_nothing(logins, calendar):
    """An interrupted first start is repeated; nobody's readings get a second version."""
    make_dan(calendar)
    before = set(UsagePack.objects.values_list("public_id", "version"))
    make_dan(calendar)
    assert set(UsagePack.objects.values_list("public_id", "version")) == before
    assert ServiceContractVersion.objects.count() == UsageSeries.objects.count() == 1


def test_values_do_not_depend_on_the_day_they_were_made(logins, calendar):
    """Screenshots and examples stay true: a month is the same whenever it is drawn."""
    make_dan(calendar)
    digests = dict(packs_of("440001").values_list("segment_start", "rendered"))
    Customer.objects.filter(source_key="demo:dan").update(source_key="other:dan")
    make_dan(replace(calendar, now=calendar.now + timedelta(days=3)))
    again = UsagePack.objects.filter(customer__source_key="demo:dan")
    texts = dict(again.values_list("segment_start", "rendered"))
    shared = digests.keys() & texts.keys()
    assert len(shared) > 700
    assert all(bytes(digests[start]) == bytes(texts[start]) for start in shared)


def test_a_made_demo_has_nothing_left_to_do(calendar):
    """The second start within a day is quick: one query says that all is there."""
    seed.make(calendar, SMALL, lambda name: None)
    assert seed.due_steps(calendar) == ()
    later = replace(calendar, now=calendar.now + timedelta(hours=3))
    assert seed.due_steps(later) == ()


def test_the_next_day_adds_its_readings(calendar):
    """A demo that is started again days later reaches up to that day, without new versions."""
    seed.make(calendar, SMALL, lambda name: None)
    third = replace(calendar, now=calendar.now + timedelta(days=3))
    steps = seed.due_steps(third)
    assert [name for name, _ in steps] == ["readings since 2026-04-02"]
    seed.make(third, steps, lambda name: None)
    assert month("222222", 2026, 4).count == 4 * 96
    assert packs_of("333333").aggregate(Max("segment_end"))["segment_end__max"] == datetime(
        2026, 4, 5, tzinfo=ZONE
    )
    assert seed.due_steps(third) == ()


def test_offers_are_written_again_only_when_the_program_changes(calendar):
    """What staff changed in the demo survives a restart."""
    seed.make(calendar, SMALL, lambda name: None)
    assert {"cds_service_contracts", "cds_usage"} <= set(current_offers())
    until = calendar.today.isoformat()
    made = AuditEvent.objects.filter(action="demo.made")
    made.update(details={"until": until, "offers": "old", "bills": until})
    assert [name for name, _ in seed.due_steps(calendar)] == ["offers and territories"]


def test_a_demo_of_a_version_without_bills_gets_them(calendar):
    """The data of the version before is kept and completed."""
    seed.make(calendar, SMALL, lambda name: None)
    made = AuditEvent.objects.get(action="demo.made")
    AuditEvent.objects.filter(pk=made.pk).update(
        details={name: text for name, text in made.details.items() if name != "bills"}
    )
    steps = seed.due_steps(calendar)
    assert [name for name, _ in steps] == ["bills"]
    seed.make(calendar, steps, lambda name: None)
    assert BillStatementVersion.objects.count() == 23
    assert seed.due_steps(calendar) == ()


def test_fay_moved(logins, calendar):
    """The old contract is closed, and the service point knows it as a previous one."""
    make_fay(calendar)
    contracts = {
        version.contract_number: version
        for version in ServiceContractVersion.objects.current().select_related("contract")
    }
    old, new = contracts["660001"], contracts["660002"]
    assert (old.status, old.end, new.status, new.start) == (
        "closed",
        date(2025, 10, 2),
        "active",
        date(2025, 10, 2),
    )
    point = ServicePointVersion.objects.current().get(service_point__source_key="demo:660001")
    assert (point.current_contracts, point.previous_contracts) == ([], [old.contract_id])
    assert packs_of("660001").aggregate(Max("segment_end"))["segment_end__max"] == datetime(
        2025, 10, 2, tzinfo=ZONE
    )


def test_fays_meter_was_swapped(logins, calendar):
    """Readings of the two meters are two series that meet at the swap."""
    make_fay(calendar)
    swap = datetime(2026, 1, 23, tzinfo=ZONE)
    first, second = UsageSeries.objects.filter(contract__source_key="demo:660002").order_by("pk")
    assert first.packs.aggregate(Max("segment_end"))["segment_end__max"] == swap
    assert second.packs.earliest("segment_start").segment_start == swap
    removed = MeterDeviceVersion.objects.current().get(meter=first.meter)
    assert removed.current_service_points == []
    assert removed.previous_service_points == [first.service_point_id]


def test_fays_readings_have_a_gap_and_a_correction(logins, calendar):
    """A Grant that ended before the correction still sees the wrong day."""
    make_fay(calendar)
    gap = CompletenessRange.objects.gaps().get()
    assert (gap.end - gap.start) == timedelta(days=2)
    corrected = month("660002", 2025, 11)
    assert {entry.quality for entry in corrected.formats} == {Quality.VALID, Quality.CORRECTED}
    before = UsagePack.objects.as_of(corrected.as_of - timedelta(days=1)).get(
        series=corrected.series, segment_start=corrected.segment_start
    )
    now, then = (sum(pack.unpacked().columns[0].values()) for pack in (corrected, before))
    assert then > now
    assert Quality.ESTIMATED in {
        entry.quality
        for pack in packs_of("660002").filter(segment_start__lte=gap.start, segment_end__gt=gap.end)
        for entry in pack.formats
    }


def test_gil_is_not_for_the_sandbox(logins, calendar):
    """Production Clients meet him, sandbox Clients never; all others are test customers."""
    make_dan(calendar)
    make_gil(calendar)
    production = Customer.objects.filter(is_test=False)
    assert [customer.name for customer in production] == ["Gil"]
    assert "test" not in AccountVersion.objects.get(customer=production.get()).types


def test_territories_have_maps(logins):
    """Each commodity has an area, and offers name the areas where they hold."""
    developer.publish_offers()
    areas = CoverageEntry.objects.filter(type="geographic", geojson__isnull=False)
    ids = {area.entry_id for area in areas}
    assert {area.commodity_types[0] for area in areas} == {"electricity", "natural_gas"}
    assert set(current_offers()["cds_usage"].coverages) == ids


@pytest.mark.parametrize("profile", PROFILES)
def test_every_reading_is_of_an_offered_value_type(profile):
    """A customer can share, and an app can ask for, everything that the demo's meters measure."""
    offered = [
        {key: value for key, value in choice.usagesegment_format.items() if key != "id"}
        for choice in value_type_choices()
        if choice.usagesegment_format
    ]
    for column in profile.formats:
        for quality in ("valid", "estimated", "corrected"):
            assert column.described() | {"quality": quality} in offered


def test_dev_has_a_sandbox_and_a_production_client(logins):
    """The printed secret works at once; the production Client has one of its own."""
    developer.publish_offers()
    developer.make_developer()
    developer.make_developer()
    credential = developer.sandbox_credential()
    found = authenticate(credential.client.client_id, credential.secret, timezone.now())
    assert found == credential
    registration = User.objects.get(email="dev@example.com").registrations.get()
    clients = Client.objects.of(registration).filter(response_types=["code"])
    assert sorted(client.cds_status for client in clients) == ["production", "sandbox"]
    assert all(client.credentials.count() == 1 for client in clients)
    assert all(client.website_confirmed for client in clients)
    production = clients.get(cds_status="production")
    assert production.cds_status_options == ["production", "disabled"]
    assert production.client_id in production.cds_default_redirect_uri


@pytest.mark.parametrize("login", ["staff", "admin@example.com"])
def test_the_printed_code_is_accepted(logins, login):
    """Staff need a second factor, and a visitor has no device with it."""
    out = StringIO()
    call_command("demo_otp", login, stdout=out)
    factor = Authenticator.objects.get(user__email=people.address_of(login))
    assert factor.wrap().validate_code(out.getvalue().strip())


def test_a_code_about_to_change_is_not_handed_out(monkeypatch):
    """One read in its last moments would be refused when it arrives: wait for the next."""
    clock = [1_000_000_019.0]  # a code's last second
    monkeypatch.setattr(time, "time", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.append(clock.pop() + seconds))
    secret = people.demo_totp_secret("staff@example.com")
    code = people.lasting_code(secret)
    assert clock == [1_000_000_020.0]
    clock[0] += 20
    assert people.lasting_code(secret) == code
    assert clock == [1_000_000_040.0]
    assert totp.validate_totp_code(secret, code)


def test_logins_without_a_second_factor_have_no_code(logins):
    """The answer says so instead of failing somewhere inside."""
    with pytest.raises(CommandError, match=r"ana@example.com has no second factor"):
        call_command("demo_otp", "ana")


@pytest.mark.parametrize("command", [["demo"], ["demo_otp", "staff"]])
def test_nothing_happens_outside_of_the_demo(settings, command):
    """Published passwords and secrets must never get into a real deployment."""
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command(*command)
    assert not User.objects.exists()


@pytest.mark.slow
def test_the_command_makes_everything_once(django_assert_max_num_queries, stopped_clock):
    """All logins of the documentation, cleo's 1,200 services, and a second run with no work."""
    first, second = StringIO(), StringIO()
    call_command("demo", stdout=first)
    assert all(f"{login}@example.com" in first.getvalue() for login in people.LOGINS)
    assert people.demo_totp_secret("staff@example.com") in first.getvalue()
    assert developer.sandbox_credential().secret in first.getvalue()
    counts = {
        customer.name: (customer.accounts.count(), customer.servicecontracts.count())
        for customer in Customer.objects.all()
    }
    assert counts == {
        "Ana": (1, 2),
        "Bo": (3, 24),
        "Cleo": (41, 1200),
        "Dan": (1, 1),
        "Eve": (1, 1),
        "Fay": (1, 2),
        "Gil": (1, 1),
    }
    with django_assert_max_num_queries(10):
        call_command("demo", stdout=second)
    assert second.getvalue() in first.getvalue()


def test_bills_follow_from_usage_and_add_up(logins, calendar):
    """Every month that is over has one bill for each account; making them again changes nothing."""
    make_ana(calendar)
    make_fay(calendar)
    issue_bills(calendar)
    bills = BillStatementVersion.objects.select_related("file", "account__customer")
    ana = list(bills.filter(customer__source_key="demo:ana").order_by("statement_date"))
    # March is billed on 3 April.
    assert [ana[0].statement_date, ana[-1].statement_date] == [date(2024, 5, 3), date(2026, 3, 3)]
    assert len(ana) == 23
    for before, bill in pairwise(ana):
        charges = sum(Decimal(charge["amount"]) for charge in bill.new_charges)
        assert bill.previous_balance_amount == before.amount_due
        assert bill.amount_due == bill.previous_balance_unpaid + charges == bill.new_balance_amount
        assert Decimal(-100) < bill.new_charges_amount < Decimal(600)
        assert {charge["id"] for charge in bill.new_charges} == {"electric", "natural_gas"}
    for bill in ana:
        sections = BillSectionVersion.objects.filter(statement=bill.statement_id)
        for charge in bill.new_charges:
            (section,) = sections.filter(charges=[charge["id"]])
            costs = [Decimal(each["cost"]) for each in section.line_items]
            (total,) = [each for each in section.cost_details if each["id"] == "total"]
            assert sum(costs) == Decimal(total["cost"]) == Decimal(charge["amount"])
    last = ana[-1]
    text = PdfReader(last.file.content.open()).pages[0].extract_text()
    assert f"{last.amount_due:,.2f} USD" in text
    fay = bills.filter(customer__source_key="demo:fay").latest("statement_date")
    assert fay.shutoff_prevention_minimum_due == fay.previous_balance_unpaid > 0
    known = set(bills.values_list("pk", "amount_due"))
    issue_bills(calendar)
    later = Calendar(calendar.now + timedelta(days=1), ZONE)
    assert set(bills.values_list("pk", "amount_due")) == known
    issue_bills(later)
    assert bills.filter(customer__source_key="demo:ana").count() == 24
