"""Recuts stored usage so that it follows the current time zone rules (ADR 9)."""

from dataclasses import dataclass

from django.db import transaction

from customerdata.models import UsageSeries
from customerdata.usage.recut import Recut, cut_anew
from portal import audit
from portal.models import User
from portal.values.zone_rules import rules_version


@dataclass(frozen=True, slots=True)
class Batch:
    """The result for a batch of series; `last` is the key after which the next batch starts."""

    size: int
    last: int
    recut: Recut


@transaction.atomic
def recut_batch(
    *, zone: str, after: int, limit: int, dry_run: bool = False, by: User | str
) -> Batch | None:
    """Recut the packs of the next series of a zone; None if there are no more.

    Ingestion of these series waits for the batch, as the batch waits for a running ingestion. With
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
