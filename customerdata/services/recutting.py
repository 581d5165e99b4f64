"""Having stored usage follow the time zone rules of today (ADR 9)."""

from dataclasses import dataclass

from django.db import transaction

from customerdata.models import UsageSeries
from customerdata.usage.recut import Recut, cut_anew
from portal import audit
from portal.models import User
from portal.values.zone_rules import rules_version


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of some series; `last` is the key after which the next batch begins."""

    size: int
    last: int
    recut: Recut


@transaction.atomic
def recut_batch(
    *, zone: str, after: int, limit: int, dry_run: bool = False, by: User | str
) -> Batch | None:
    """Cut the packs of the next series of a zone anew; None when no more are left.

    Ingestion of these series waits meanwhile, as the batch waits for an ingestion that runs. With
    `dry_run` nothing is written.
    """
    late = UsageSeries.objects.cut_otherwise(zone).filter(pk__gt=after).order_by("pk")
    series = list(late.select_for_update(no_key=True)[:limit])
    if not series:
        return None
    recut = cut_anew(series, dry_run=dry_run)
    if recut.changed and not dry_run:
        audit.record(
            "usage.recut",
            by=by,
            subject=f"zone:{zone}",
            details={
                "zone": zone,
                "rules": rules_version(),
                "series": [each.public_id for each in recut.changed],
                "versions": recut.versions,
            },
        )
    return Batch(len(series), series[-1].pk, recut)
