"""Check the audit trail."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import audit


class Command(BaseCommand):
    """`manage.py check_audit`."""

    help = "Check whether audit events were altered or removed after they were sealed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check every seal; exit with an error if one is broken or an event escaped sealing."""
        problems = [
            f"{what}: {', '.join(map(str, ids))}"
            for what, ids in (
                ("Seals whose events were altered or removed", audit.broken_seals()),
                ("Events that are not sealed and never will be", audit.stray_events()),
            )
            if ids
        ]
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(f"Nothing was altered. Events not sealed yet: {audit.unsealed_count()}.")
