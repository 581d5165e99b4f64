"""The visible ids around segments: what their series hang on, and the meters of their formats."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Model, Q

from customerdata.access.reading import Reader
from customerdata.api.segments.scan import Found
from customerdata.models import (
    Account,
    GrantedObject,
    MeterDevice,
    ServiceContract,
    ServicePoint,
    UsageSeries,
)
from customerdata.models.usage import parse_formats
from customerdata.usage.formats import UNKNOWN, MeterReadings, Unknown
from customerdata.usage.wire import SegmentFormat

Kind = GrantedObject.Kind


@dataclass(frozen=True, slots=True)
class Links:
    """The public ids of what a series hangs on, without those that the token may not see."""

    accounts: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    service_points: tuple[str, ...] = ()
    meters: tuple[str, ...] = ()


@dataclass(slots=True)
class Related:
    """Links by series, and the public ids of all visible meters that came up."""

    reader: Reader
    links: dict[int, Links] = field(default_factory=dict)
    meters: set[str] = field(default_factory=set)

    def load(self, rows: Iterable[Found]) -> None:
        """Look up what the rows refer to, in five queries however many they are."""
        rows = list(rows)
        series = {row.series_id for row in rows} - self.links.keys()
        keys = list(
            UsageSeries.objects.filter(pk__in=series).values_list(
                "pk", "account_id", "contract_id", "service_point_id", "meter_id"
            )
        )
        named = {name for text in {row.formats_text for row in rows} for name in _meters_of(text)}
        accounts = self._ids(Account, Kind.ACCOUNT, "cds_account_id", {k[1] for k in keys})
        contracts = self._ids(
            ServiceContract, Kind.CONTRACT, "cds_servicecontract_id", {k[2] for k in keys}
        )
        points = self._ids(
            ServicePoint, Kind.SERVICE_POINT, "cds_servicepoint_id", {k[3] for k in keys}
        )
        meters = self._ids(
            MeterDevice, Kind.METER, "cds_meterdevice_id", {k[4] for k in keys}, named
        )
        self.meters.update(meters.values())
        for pk, account, contract, point, meter in keys:
            self.links[pk] = Links(
                _known(account, accounts),
                _known(contract, contracts),
                _known(point, points),
                _known(meter, meters),
            )

    def reaching(self, rows: Iterable[Found], entries: Collection[int]) -> dict[int, list[int]]:
        """Return for each contract of the rows all entries, of those given, that reach it."""
        reached: dict[int, list[int]] = {}
        found = GrantedObject.objects.filter(
            grant=self.reader.grant,
            kind=Kind.CONTRACT,
            object_id__in={row.contract_id for row in rows},
            entry__in=entries,
        )
        for contract, entry in found.values_list("object_id", "entry"):
            reached.setdefault(contract, []).append(entry)
        return reached

    def _ids(
        self,
        model: type[Model],
        kind: str,
        public_id: str,
        keys: Collection[int | None],
        names: Collection[str] = (),
    ) -> dict[int, str]:
        """Return the public ids of objects, found by key or name, that the token may see."""
        wanted = Q(pk__in=[key for key in keys if key is not None])
        if names:
            wanted |= Q(**{f"{public_id}__in": names})
        visible = self.reader.granted(kind).values("object_id")
        rows = model._default_manager.filter(wanted, pk__in=visible)
        return dict(rows.values_list("pk", public_id))


def meters_of(formats: Iterable[SegmentFormat]) -> set[str]:
    """Return the public ids of the meters that formats name."""
    named: set[str] = set()
    for entry in formats:
        column = entry.column
        if isinstance(column, MeterReadings):
            named.add(column.meter)
        elif not isinstance(meters := getattr(column, "meters", UNKNOWN), Unknown):
            named.update(meters)
    return named


def _meters_of(formats_text: str) -> set[str]:
    return meters_of(parse_formats(formats_text))


def _known(key: int | None, ids: Mapping[int, str]) -> tuple[str, ...]:
    return (ids[key],) if key is not None and key in ids else ()
