"""Import a Green Button file."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from customerdata.sources.greenbutton import mapping
from customerdata.sources.greenbutton.archive import Member, read_file
from customerdata.sources.greenbutton.channels import told_by_feed
from customerdata.sources.greenbutton.loader import load_feed
from customerdata.sources.greenbutton.report import Stored, Summary
from customerdata.sources.greenbutton.stated import REGISTER_READINGS, Facts, Told
from customerdata.sources.greenbutton.zones import known_zone
from portal.errors import DomainError
from portal.values.jsontext import canonical

_CHOICES = {
    "service": mapping.SERVICES,
    "unit": mapping.UNIT_NAMES,
    "power_of_ten": tuple(str(power) for power in range(-12, 13)),
    "demand_type": mapping.DEMAND_TYPES,
    "registers": REGISTER_READINGS,
}
_HELP = {
    "service": "service that is metered, if the file does not say: {}",
    "unit": "unit of a channel whose unit is missing or unknown: {}",
    "power_of_ten": "value = number * 10^N if the reading type states no power, -12 to 12",
    "demand_type": "type of demand that readings of power are: {}",
    "registers": (
        "how to read running totals of a register: {}. Amounts are the differences between "
        "totals read at the end or at the start of their periods; `amounts` means that the "
        "numbers are amounts already, whatever the file states"
    ),
}
_METAVARS = {
    "service": "SERVICE",
    "unit": "UNIT",
    "power_of_ten": "N",
    "demand_type": "TYPE",
    "registers": "HOW",
}


class Command(BaseCommand):
    """`manage.py import_greenbutton FILE --account NUMBER`."""

    help = (
        "Import a Green Button (ESPI/Atom XML) file, plain, gzip or zip, into an account. Running "
        "it twice is harmless. CHANNEL is the end of the link of a meter reading, its reading type "
        "or its usage point, such as M1 or UsagePoint/1; the report and the errors list them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file, the account, and the facts that a file can leave open."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--account", required=True, metavar="NUMBER", help="account number")
        parser.add_argument(
            "--dry-run", action="store_true", help="check the file, but store nothing"
        )
        parser.add_argument(
            "--leave-out",
            action="append",
            default=[],
            metavar="CHANNEL",
            help="do not store this channel; can be repeated",
        )
        silent = parser.add_argument_group(
            "facts that the file does not state",
            "Each of the first five can be repeated with CHANNEL= in front of the value.",
        )
        for fact, choices in _CHOICES.items():
            silent.add_argument(
                f"--{fact.replace('_', '-')}",
                action="append",
                default=[],
                metavar=f"[CHANNEL=]{_METAVARS[fact]}",
                help=_HELP[fact].format(", ".join(choices)),
            )
        silent.add_argument("--currency", metavar="CODE", help="ISO 4217, for example USD")
        silent.add_argument("--zone", metavar="NAME", help="IANA time zone of the readings")
        silent.add_argument(
            "--in-order",
            action="store_true",
            help="entries without links belong to the entries before them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, load and report; errors name the place in the file, and nothing is stored."""
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"The file {file} does not exist.")
        told = _told(options)
        try:
            done = self._run(file, options["account"], told, dry_run=options["dry_run"])
        except DomainError as error:
            raise CommandError(f"{file.name}: {error.message} Nothing was loaded.") from error
        for member, summary in done:
            if member.name:
                self.stdout.write(self.style.MIGRATE_HEADING(member.name))
            self._report(summary)
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was stored.")

    def _run(
        self, file: Path, account: str, told: Told, *, dry_run: bool
    ) -> list[tuple[Member, Summary]]:
        size = file.stat().st_size
        with tqdm(total=size, unit="B", unit_scale=True, desc="Reading") as bar:
            members = read_file(file, told=told, progress=lambda at: bar.update(at - bar.n))
            bar.update(size - bar.n)
        self.stderr.write("Storing ...")
        stated = told_by_feed([member.feed for member in members], told)
        with transaction.atomic():
            done = [
                (
                    member,
                    load_feed(
                        feed=member.feed,
                        account_number=account,
                        told=of_this,
                        fallback_zone=settings.CDS_TIMEZONE,
                        now=timezone.now(),
                        by="command:import_greenbutton",
                    ),
                )
                for member, of_this in zip(members, stated, strict=True)
            ]
            transaction.set_rollback(dry_run)
        return done

    def _report(self, summary: Summary) -> None:
        for warning in summary.warnings:
            self.stdout.write(self.style.WARNING(f"Warning: {warning}"))
        span = f"{summary.first:%Y-%m-%d} to {summary.last:%Y-%m-%d}" if summary.first else "none"
        self.stdout.write(f"Usage points: {summary.points}; readings: {summary.readings} ({span})")
        for entry in summary.stored:
            self.stdout.write(_line(entry))
        for words, total in summary.sums.items():
            self.stdout.write(f"Sum of {words}: {canonical(total)}")
        segments = summary.segments
        self.stdout.write(
            f"Segments: {segments.created} new, {segments.corrected} corrected, "
            f"{segments.unchanged} unchanged. Total changes: {summary.changes}."
        )


def _told(options: dict[str, Any]) -> Told:
    """Sort the options into those for one channel and those for the whole file."""
    if options["zone"] and not known_zone(options["zone"]):
        raise CommandError(f"--zone: {options['zone']} is not an IANA time zone.")
    general: dict[str, Any] = {}
    named: dict[str, dict[str, Any]] = {}
    for fact, choices in _CHOICES.items():
        for text in options[fact]:
            channel, _, value = text.rpartition("=")
            option = f"--{fact.replace('_', '-')}"
            if value not in choices:
                raise CommandError(f"{option}: {value!r} is not one of {', '.join(choices)}.")
            into = named.setdefault(channel, {}) if channel else general
            if fact in into:
                raise CommandError(f"{option} is given twice for {channel or 'the file'}.")
            into[fact] = int(value) if fact == "power_of_ten" else value
    return Told(
        **general,
        zone=options["zone"],
        currency=options["currency"],
        named={channel: Facts(**facts) for channel, facts in named.items()},
        leave_out=tuple(options["leave_out"]),
        in_order=options["in_order"],
    )


def _line(entry: Stored) -> str:
    values = f"{entry.count} value{'' if entry.count == 1 else 's'} of {entry.seconds} s"
    return (
        f"  {entry.service}, {entry.channel}: {entry.words}: {values}, sum {canonical(entry.total)}"
    )
