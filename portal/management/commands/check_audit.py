"""Check the audit trail."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import audit


class Command(BaseCommand):
    """`manage.py check_audit`."""

    help = "Say whether audit events were altered or removed since they were sealed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check every seal; end with an error if one is broken or an event was never sealed."""
        problems = [
            f"{what}: {', '.join(map(str, ids))}"
            for what, ids in (
                ("Seals whose events were altered or removed", audit.broken_seals()),
                ("Events that nobody sealed or will seal", audit.stray_events()),
            )
            if ids
        ]
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(f"Nothing was altered; {audit.unsealed_count()} events wait for a seal.")
