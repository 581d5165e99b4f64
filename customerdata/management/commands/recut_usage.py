"""Recut stored usage after a change of time zone rules."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from customerdata.models import UsageSeries
from customerdata.services.recutting import recut_batch
from portal.management.by import actor, add_by_argument
from portal.models import User
from portal.values.zone_rules import rules_version


class Command(BaseCommand):
    """`manage.py recut_usage [--zone NAME] [--dry-run] [--by EMAIL]`."""

    help = (
        "Move stored readings to the local months that they belong to under the current time zone "
        "rules. Running it twice or interrupting it is harmless."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the zone, the batch size and who does it."""
        parser.add_argument("--zone", help="only this IANA time zone")
        parser.add_argument("--dry-run", action="store_true", help="count, but store nothing")
        parser.add_argument("--batch", type=int, default=200, help="series per transaction")
        add_by_argument(parser, required=False)

    def handle(self, *args: Any, **options: Any) -> None:
        """Go zone by zone, batch by batch; each batch is committed."""
        by = actor(options) if options["by"] else "command:recut_usage"
        zones = UsageSeries.objects.zones()
        if options["zone"]:
            if options["zone"] not in zones:
                raise CommandError(f"No usage is stored in the time zone {options['zone']}.")
            zones = [options["zone"]]
        self.stdout.write(f"Version of the time zone rules: {rules_version()}.")
        refused = sum(
            self._recut(zone, limit=options["batch"], dry_run=options["dry_run"], by=by)
            for zone in zones
        )
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was stored.")
        if refused:
            raise CommandError(
                f"{refused} series were not recut: a new month would have readings of two grids."
            )

    def _recut(self, zone: str, *, limit: int, dry_run: bool, by: User | str) -> int:
        late = UsageSeries.objects.cut_otherwise(zone).count()
        seen = changed = versions = refused = last = 0
        with tqdm(total=late, desc=zone, disable=not sys.stderr.isatty()) as bar:
            while batch := recut_batch(zone=zone, after=last, limit=limit, dry_run=dry_run, by=by):
                last = batch.last
                seen += batch.size
                changed += len(batch.recut.changed)
                versions += batch.recut.versions
                refused += len(batch.recut.refused)
                for series, reason in batch.recut.refused.items():
                    self.stderr.write(f"Series {series.public_id} was not recut: {reason}.")
                bar.update(batch.size)
        verb = "to recut" if dry_run else "recut"
        self.stdout.write(
            f"{zone}: {seen} series checked, {changed} {verb}, {versions} new versions."
        )
        return refused
