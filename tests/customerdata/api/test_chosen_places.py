"""The customer chose meters or service points: exactly their data (CDS-WG3-01 6.1.9, 9.2.3.3/4)."""

from datetime import timedelta
from typing import Any

import pytest

from consent.catalogue.demo_offers import demo_offers
from consent.models import Grant
from customerdata.access.compute import compute_grant
from customerdata.access.reading import Reader
from customerdata.kinds.meter_device import METER_DEVICE
from customerdata.kinds.service_contract import SERVICE_CONTRACT
from customerdata.kinds.service_point import SERVICE_POINT
from customerdata.models import GrantedObject, MeterDevice, ServiceContract, ServicePoint
from customerdata.usage.series import ensure_series
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.segments_world import (
    COST,
    COST_ID,
    NET,
    NET_ID,
    T1,
    T3,
    readings,
    segments,
    usage,
    write,
)
from tests.factories.customerdata import (
    AccountFactory,
    Household,
    MeterDeviceFactory,
    ServiceContractFactory,
    ServicePointFactory,
    chosen,
    make_grant,
)

pytestmark = pytest.mark.django_db
spec = pytest.mark.spec
BY_METER = {"selection_type": "meter_device_selection"}
BY_POINT = {"selection_type": "servicepoint_selection"}


class Farm(Household):
    """One contract with two service points; the meter at the first was swapped.

    Usage: 1 at the first point by the old meter, 2 there by the new one, 3 at the second point.
    """

    def __init__(self) -> None:
        super().__init__()
        (service,) = self.services
        self.contract, self.point, self.meter = service.contract, service.point, service.meter
        customer = self.customer
        self.other_point = ServicePointFactory.create(
            customer=customer, state__current_contracts=[self.contract.pk]
        )
        self.old_meter = MeterDeviceFactory.create(
            customer=customer, state__previous_service_points=[self.point.pk]
        )
        self.other_meter = MeterDeviceFactory.create(
            customer=customer, state__current_service_points=[self.other_point.pk]
        )
        self.measure(1, self.point, self.old_meter)
        self.measure(2, self.point, self.meter)
        self.measure(3, self.other_point, self.other_meter)

    def measure(
        self,
        value: int,
        point: ServicePoint | None,
        meter: MeterDevice | None,
        contract: ServiceContract | None = None,
        **values: Any,
    ) -> None:
        """Store one reading of a series of its own."""
        series = ensure_series(
            customer=self.customer,
            contract=contract or self.contract,
            service_point=point,
            meter=meter,
            account=self.account,
            commodity="electric",
            interval=900,
            zone="America/Los_Angeles",
            columns=[NET, COST],
        )
        write(series, [value], cost=[value * 100], **values)


@pytest.fixture
def farm():
    """A customer with meters to choose from."""
    load_offers(demo_offers().values())
    return Farm()


def give(farm: Farm, selection: dict[str, Any], *things: Any, **values: Any) -> Grant:
    """Return a computed Grant of usage over some meters or points."""
    ids = [each.public_id for each in things]
    entry = usage(NET_ID, **values)
    grant = make_grant(farm.user, (entry, {**chosen(*ids), **selection}), created=T3)
    compute_grant(grant)
    return grant


def values(grant: Grant, **filters: Any) -> list[int]:
    """Return the readings that the token gets."""
    return sorted(int(v) for each in segments(grant, **filters) for *_, v in readings(each))


def shown(grant: Grant, shape: Any) -> set[int]:
    """Return the primary keys of what a listing shows."""
    rows = Reader(grant, T3 + timedelta(days=900)).visible(shape)
    return {getattr(row, shape.owner_id) for row in rows}


@spec("WG3-01 6.1.9 r")
def test_a_chosen_meter_shows_its_own_usage(farm):
    """The other meters of the same contract stay hidden, in every listing."""
    grant = give(farm, BY_METER, farm.meter)
    assert values(grant) == [2]
    assert shown(grant, METER_DEVICE) == {farm.meter.pk}
    assert shown(grant, SERVICE_POINT) == {farm.point.pk}
    assert shown(grant, SERVICE_CONTRACT) == {farm.contract.pk}
    assert values(grant, cds_meterdevice_ids=farm.other_meter.public_id) == []
    assert values(grant, cds_servicecontract_ids=farm.contract.public_id) == [2]


def test_several_meters(farm):
    """What was chosen adds up."""
    assert values(give(farm, BY_METER, farm.meter, farm.other_meter)) == [2, 3]


def test_a_chosen_meter_that_was_taken_out_shows_its_past(farm):
    """Segments name it, wherever it is now; its last point belongs to it (7.2.3)."""
    grant = give(farm, BY_METER, farm.old_meter)
    assert values(grant) == [1]
    assert shown(grant, METER_DEVICE) == {farm.old_meter.pk}
    assert shown(grant, SERVICE_CONTRACT) == {farm.contract.pk}


@spec("WG3-01 6.1.9 q")
def test_a_chosen_point_shows_the_usage_measured_there(farm):
    """By whichever meter; the other point of the contract stays hidden."""
    grant = give(farm, BY_POINT, farm.point)
    assert values(grant) == [1, 2]
    assert shown(grant, SERVICE_POINT) == {farm.point.pk}
    assert shown(grant, METER_DEVICE) == {farm.meter.pk, farm.old_meter.pk}


def test_a_meter_at_a_chosen_point_leads_to_no_other_point(farm):
    """It was somewhere else before: that point was not chosen, and its usage was not."""
    moved = MeterDeviceFactory.create(
        customer=farm.customer,
        state__current_service_points=[farm.point.pk],
        state__previous_service_points=[farm.other_point.pk],
    )
    farm.measure(4, farm.other_point, moved)
    grant = give(farm, BY_POINT, farm.point)
    assert values(grant) == [1, 2]
    assert shown(grant, SERVICE_POINT) == {farm.point.pk}


def test_usage_of_no_known_place_is_not_shown(farm):
    """Whose it is cannot be told; who chose the contract gets it."""
    farm.measure(5, None, None)
    assert values(give(farm, BY_METER, farm.meter)) == [2]
    assert values(give(farm, BY_POINT, farm.point)) == [1, 2]
    every = give(farm, {}, farm.contract)
    assert values(every) == [1, 2, 3, 5]


@pytest.mark.parametrize("includes", [(), ("include_usage_segments",)])
def test_without_their_listings_the_choice_still_counts(farm, includes):
    """Meters and points then only lead to usage."""
    grant = give(farm, BY_METER, farm.meter, includes=includes)
    assert values(grant) == [2]
    assert shown(grant, METER_DEVICE) == shown(grant, SERVICE_POINT) == set()
    rows = GrantedObject.objects.filter(grant=grant)
    assert {(row.kind, row.listed, row.through) for row in rows} == {
        ("contract", False, "meter"),
        ("meter", False, ""),
    }
    points = give(farm, BY_POINT, farm.point, includes=includes)
    assert values(points) == [1, 2]


@spec("WG3-01 7.2 a")
def test_the_past_of_a_meter_at_an_account_that_is_not_held(farm):
    """It belongs to whoever holds that account."""
    account = AccountFactory.create(customer=farm.customer)
    contract = ServiceContractFactory.create(customer=farm.customer, state__account=account)
    farm.measure(6, farm.point, farm.meter, contract)
    assert values(give(farm, BY_METER, farm.meter)) == [2]
    assert values(give(farm, BY_POINT, farm.point)) == [1, 2]


def test_entries_with_other_choices_unite(farm):
    """An entry that does not reach a segment hides nothing of it, however late it reads."""
    frozen = usage(NET_ID, COST_ID, sync_until=T1 + timedelta(hours=1))
    late = usage(NET_ID)
    by_contract = chosen(farm.contract.public_id)
    by_meter = {**chosen(farm.meter.public_id), **BY_METER}
    grant = make_grant(farm.user, (frozen, by_contract), (late, by_meter), created=T3)
    compute_grant(grant)
    assert values(grant) == [1, 2, 3, 100, 200, 300]
    farm.measure(22, farm.point, farm.meter, as_of=T3)
    farm.measure(33, farm.other_point, farm.other_meter, as_of=T3)
    # The late entry reads the correction of its meter alone; the cost is read as it was.
    assert values(grant) == [1, 3, 22, 100, 200, 300]


def test_computing_again_changes_nothing(farm):
    """The same rows, not new ones."""
    grant = give(farm, BY_METER, farm.meter)
    before = list(GrantedObject.objects.filter(grant=grant).order_by("pk").values())
    compute_grant(grant)
    assert list(GrantedObject.objects.filter(grant=grant).order_by("pk").values()) == before
