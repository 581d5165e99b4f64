"""Loads a Green Button file into an account: contract, service point, meter and usage.

Running it again changes nothing. A later file of the same points corrects differing values as of
its own `updated` time and keeps the earlier values (CDS-WG3-01 7.3.1).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from customerdata.kinds.meter_device import MeterState
from customerdata.kinds.service_contract import ContractState
from customerdata.kinds.service_point import ServicePointState
from customerdata.models import Account, AccountVersion, ServiceContractVersion
from customerdata.models.usage import UsageSeries
from customerdata.services.structure import Written, upsert_object
from customerdata.sources.greenbutton.channels import Channel, channels
from customerdata.sources.greenbutton.deliveries import (
    Run,
    deliveries,
    formats_of,
    overlaps,
    runs,
)
from customerdata.sources.greenbutton.identity import adopt_earlier, channel_key, service_key
from customerdata.sources.greenbutton.model import Feed, GreenButtonError, UsagePoint
from customerdata.sources.greenbutton.periods import end, twice_the_hour
from customerdata.sources.greenbutton.report import (
    Summary,
    lanes_beside,
    rivals,
    stored_overlaps,
    stored_values,
    unoffered,
)
from customerdata.sources.greenbutton.stated import Told
from customerdata.sources.greenbutton.zones import stated_zone
from customerdata.usage.series import (
    SeriesTaken,
    ensure_series,
    lanes_of_periods,
    odd_steps,
)
from customerdata.usage.store import Delivery, ReadingsRefused, write_many
from customerdata.usage_values.formats import ColumnFormat
from portal import audit
from portal.errors import NotFound
from portal.models import User

# The length of the column for a contract's name.
_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class _Place:
    """The objects to which the readings of one service of a usage point belong."""

    account: Account
    contract: Written
    service_point: Written
    meter: Written
    service: str
    zone: str


@transaction.atomic
def load_feed(
    *,
    feed: Feed,
    account_number: str,
    told: Told,
    fallback_zone: str,
    now: datetime,
    by: User | str,
) -> Summary:
    """Load everything in a feed, or nothing.

    `now` is the source's time for a file that does not say when it was created.
    Raises GreenButtonError (with line and element), and NotFound for an unknown account.
    """
    load = _Load(_account(account_number), told, fallback_zone, feed.as_of or now, now)
    load.summary.points = len(feed.points)
    load.summary.warnings += feed.warnings
    # Interpret every channel of the file before storing any part of it.
    found = channels(feed, told, load.summary.warnings)
    for point in feed.points:
        if not point.meter_readings:
            load.summary.warnings.append(f"line {point.line}: the usage point has no readings.")
    load.store(found)
    # Channels that share a reading type or a time zone would repeat the same warning.
    warnings = [*load.summary.warnings, *unoffered(load.summary.stored)]
    load.summary.warnings = list(dict.fromkeys(warnings))
    audit.record(
        "greenbutton.imported",
        by=by,
        subject=f"account:{load.account.public_id}",
        details={"readings": load.summary.readings, "changes": load.summary.changes},
    )
    return load.summary


def _account(number: str) -> Account:
    found = list(
        AccountVersion.objects.current().filter(account_number=number).select_related("account")[:2]
    )
    if len(found) != 1:
        words = "several accounts have" if found else "no account has"
        raise NotFound(f"--account: {words} the number {number}.", field="account")
    account: Account = found[0].account
    return account


def _channel_keys(group: Sequence[Channel]) -> list[str]:
    """Name the sources of the columns; channels without a name are numbered within their kind."""
    keys = []
    unnamed: Counter[ColumnFormat] = Counter()
    for channel in group:
        if not channel.run.name:
            unnamed[channel.measure.format] += 1
        keys.append(channel_key(channel.run.name, unnamed[channel.measure.format]))
    return keys


class _Load:
    """One run: the facts for all channels of a file, and the results so far."""

    def __init__(
        self, account: Account, told: Told, fallback_zone: str, as_of: datetime, now: datetime
    ) -> None:
        self.account = account
        self.told = told
        self.fallback_zone = fallback_zone
        self.as_of = as_of
        self.now = now
        self.summary = Summary()
        self._nameless: Counter[str] = Counter()

    def store(self, found: Sequence[Channel]) -> None:
        """Store all channels, service by service, in file order."""
        by_service: dict[tuple[int, str], list[Channel]] = defaultdict(list)
        for channel in found:
            by_service[id(channel.point), channel.measure.service].append(channel)
        for (_, service), group in by_service.items():
            place = self._place(group[0].point, service, group)
            changed = (place.contract, place.service_point, place.meter)
            self.summary.structure_changes += sum(written.changed for written in changed)
            keys = _channel_keys(group)
            for channel, key in zip(group, keys, strict=True):
                self._store_channel(place, channel, key)
                self.summary.warnings += rivals(
                    place.contract.object, channel.measure.format, channel.name, key, keys
                )

    def _place(self, point: UsagePoint, service: str, group: Sequence[Channel]) -> _Place:
        if not point.name:
            self._nameless[service] += 1
        key = service_key(self.account, point, service, self._nameless[service])
        self.summary.warnings += adopt_earlier(self.account, point, service, key)
        customer = self.account.customer
        known = (
            ServiceContractVersion.objects.current()
            .filter(contract__source_key=key, contract__customer=customer)
            .first()
        )
        if known is not None and not point.name:
            self.summary.warnings.append(
                f"line {point.line}: the usage point has neither a link nor an id. Its "
                f"readings are added to the {service} service that a file without them stored "
                "before; load those of another place into a separate account."
            )
        zone = self._zone(point, known)
        start = min(channel.readings[0].start for channel in group)
        began = start.astimezone(ZoneInfo(zone)).date()
        contract = upsert_object(
            customer=customer,
            source_key=key,
            state=ContractState(
                account=self.account,
                contract_number="",
                name=self._title(point),
                service_types=(service, "metered"),
                # A later file can start later, but the service did not.
                start=min(began, known.start) if known else began,
            ),
            as_of=self.as_of,
            synced=self.now,
        )
        service_point = upsert_object(
            customer=customer,
            source_key=key,
            state=ServicePointState(
                servicepoint_number="", types=(service,), current_contracts=(contract.object,)
            ),
            as_of=self.as_of,
            synced=self.now,
        )
        meter = upsert_object(
            customer=customer,
            source_key=key,
            state=MeterState(
                meter_number="",
                types=(f"{service}_usage",),
                current_service_points=(service_point.object,),
            ),
            as_of=self.as_of,
            synced=self.now,
        )
        return _Place(self.account, contract, service_point, meter, service, zone)

    def _title(self, point: UsagePoint) -> str:
        if len(point.title) > _LONGEST_TITLE:
            self.summary.warnings.append(
                f"line {point.line}: the title has {len(point.title)} characters; the first "
                f"{_LONGEST_TITLE} become the name of the service."
            )
        return point.title[:_LONGEST_TITLE]

    def _zone(self, point: UsagePoint, known: ServiceContractVersion | None) -> str:
        """Return the zone of the local months: the stated one, else that of earlier readings."""
        if self.told.zone is not None:
            return self.told.zone
        local_time = point.local_time
        if local_time is not None and (zone := stated_zone(local_time)) is not None:
            return zone
        earlier = None
        if known is not None:
            stored = UsageSeries.objects.filter(contract_id=known.contract_id).order_by("pk")
            earlier = stored.values_list("zone", flat=True).first()
        zone = earlier or self.fallback_zone
        if local_time is not None:
            self.summary.warnings.append(
                f"line {local_time.line}: no time zone has the offset {local_time.tz_offset} s "
                f"with these daylight saving rules; local months follow {zone}. To change this, "
                "use --zone."
            )
        elif earlier is None:
            self.summary.warnings.append(
                f"The file states no time zone; local months follow {zone}."
            )
        return zone

    def _store_channel(self, place: _Place, channel: Channel, source: str) -> None:
        warnings = self.summary.warnings
        formats = formats_of(channel.readings, channel.measure)
        if overlaps(channel.readings):
            warnings.append(
                f"line {channel.run.line}: readings of {channel.name} overlap in time; all of "
                "them are kept as the file states them, so their sum counts that time more than "
                "once."
            )
        warnings += twice_the_hour(channel.readings, place.zone)
        brought: list[Delivery] = []
        touched: dict[int, UsageSeries] = {}
        of = (place.contract.object, channel.measure.format, source)
        for run in runs(channel.readings, odd_steps(*of), lanes_of_periods(*of)):
            series = self._series(place, channel, run, formats, source)
            touched[series.pk] = series
            brought += deliveries(
                run, series, formats, channel.measure, as_of=self.as_of, synced=self.now
            )
        try:
            self.summary.add(write_many(brought))
        except ReadingsRefused as error:
            raise GreenButtonError(
                error.message, line=channel.run.line, element="MeterReading"
            ) from error
        self._warn_of_stored(place, channel, touched.values())
        self.summary.stored += stored_values(place.service, channel.name, brought, self.as_of)

    def _series(
        self,
        place: _Place,
        channel: Channel,
        run: Run,
        formats: tuple[ColumnFormat, ...],
        source: str,
    ) -> UsageSeries:
        try:
            return ensure_series(
                customer=self.account.customer,
                contract=place.contract.object,
                service_point=place.service_point.object,
                meter=place.meter.object,
                account=self.account,
                commodity=place.service,
                interval=run.grid.interval,
                zone=place.zone,
                columns=formats,
                lane=run.lane,
                source=source,
                grid=run.grid.name,
            )
        except SeriesTaken as error:
            raise GreenButtonError(
                error.message, line=channel.run.line, element="MeterReading"
            ) from error

    def _warn_of_stored(
        self, place: _Place, channel: Channel, touched: Collection[UsageSeries]
    ) -> None:
        """Warn if the file does not fit what was stored before."""
        start, until = channel.readings[0].start, max(map(end, channel.readings))
        if lanes_beside(touched, channel.measure.format, start, until):
            self.summary.warnings.append(
                f"line {channel.run.line}: an earlier file stated several readings of "
                f"{channel.name} for times that this one covers. Those that it does not state "
                "again are kept, and are counted too."
            )
        for series in touched:
            if series.zone != place.zone:
                self.summary.warnings.append(
                    f"line {channel.run.line}: the file's local months follow {place.zone}; the "
                    f"stored months of {channel.name} keep following {series.zone}."
                )
            if series.interval is None and stored_overlaps(series):
                self.summary.warnings.append(
                    f"line {channel.run.line}: periods of {channel.name} from several files "
                    "overlap; all of them are kept."
                )
