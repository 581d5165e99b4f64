"""Import a Green Button file."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from customerdata.sources.greenbutton import mapping
from customerdata.sources.greenbutton.loader import Summary, load_feed
from customerdata.sources.greenbutton.mapping import Told
from customerdata.sources.greenbutton.parser import read_file
from portal.errors import DomainError
from portal.jsontext import canonical


class Command(BaseCommand):
    """`manage.py import_greenbutton FILE --account NUMBER`."""

    help = "Read a Green Button (ESPI/Atom XML) file into an account. Running it twice is harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the file, the account, and what the file may leave open."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--account", required=True, metavar="NUMBER", help="account number")
        parser.add_argument("--dry-run", action="store_true", help="read and check, store nothing")
        silent = parser.add_argument_group("where the file is silent")
        silent.add_argument("--service", choices=mapping.SERVICES)
        silent.add_argument("--unit", choices=mapping.UNIT_NAMES)
        silent.add_argument("--power-of-ten", type=int, metavar="N", help="value = number * 10^N")
        silent.add_argument("--demand-type", choices=mapping.DEMAND_TYPES)
        silent.add_argument("--currency", metavar="CODE", help="ISO 4217, for example USD")
        silent.add_argument("--zone", metavar="NAME", help="IANA zone of the readings")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, load and report; errors say where and change nothing."""
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        if options["zone"] and not mapping.known_zone(options["zone"]):
            raise CommandError(f"--zone: {options['zone']} is not an IANA time zone.")
        told = Told(
            service=options["service"],
            unit=options["unit"],
            power_of_ten=options["power_of_ten"],
            zone=options["zone"],
            currency=options["currency"],
            demand_type=options["demand_type"],
        )
        try:
            summary = self._run(file, options["account"], told, dry_run=options["dry_run"])
        except DomainError as error:
            raise CommandError(f"{file.name}: {error.message} Nothing was loaded.") from error
        self._report(summary, dry_run=options["dry_run"])

    def _run(self, file: Path, account: str, told: Told, *, dry_run: bool) -> Summary:
        with tqdm(total=file.stat().st_size, unit="B", unit_scale=True, desc="Reading") as bar:
            feed = read_file(file, progress=lambda position: bar.update(position - bar.n))
            bar.update(file.stat().st_size - bar.n)
        self.stderr.write("Storing ...")
        with transaction.atomic():
            summary = load_feed(
                feed=feed,
                account_number=account,
                told=told,
                fallback_zone=settings.CDS_TIMEZONE,
                now=timezone.now(),
                by="command:import_greenbutton",
            )
            transaction.set_rollback(dry_run)
        return summary

    def _report(self, summary: Summary, *, dry_run: bool) -> None:
        for warning in summary.warnings:
            self.stdout.write(self.style.WARNING(f"Warning: {warning}"))
        span = f"{summary.first:%Y-%m-%d} to {summary.last:%Y-%m-%d}" if summary.first else "none"
        self.stdout.write(f"Usage points: {summary.points}; readings: {summary.readings} ({span})")
        for words, total in summary.sums.items():
            self.stdout.write(f"Sum of {words}: {canonical(total)}")
        segments = summary.segments
        self.stdout.write(
            f"Segments: {segments.created} new, {segments.corrected} corrected, "
            f"{segments.unchanged} unchanged. Changes in all: {summary.changes}."
        )
        if dry_run:
            self.stdout.write("Dry run: nothing was stored.")
