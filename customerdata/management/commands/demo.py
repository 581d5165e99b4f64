"""Create the demo utility."""

import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from customerdata.demo import people, seed
from customerdata.demo.dates import Calendar
from customerdata.demo.developer import sandbox_credential
from registration.models import Credential


class Command(BaseCommand):
    """`manage.py demo`."""

    help = "Create the demo utility's logins, customers and usage. Running it twice is harmless."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is missing and print the logins; only with DEMO=1."""
        if not settings.DEMO:
            raise CommandError(
                "Demo logins have published passwords, so they are created only with DEMO=1."
            )
        calendar = Calendar.current()
        steps = seed.due_steps(calendar)
        started = time.monotonic()
        # Without a terminal, print a line per step instead of the bar.
        with tqdm(total=len(steps), desc="Demo data", disable=not sys.stderr.isatty()) as bar:

            def progress(name: str) -> None:
                bar.set_postfix_str(name)
                bar.update()
                if bar.disable:
                    self.stdout.write(f"      {name} ({time.monotonic() - started:.1f} s)")
                    self.stdout.flush()

            seed.make(calendar, steps, progress)
        self.stdout.write(_table())


def _table() -> str:
    """Return the logins, the second factors and the sandbox app as text."""
    rows = [(people.address_of(name), login.who) for name, login in people.LOGINS.items()]
    width = max(len(email) for email, _ in rows)
    lines = ["", f"Logins (all with the password {people.PASSWORD})"]
    lines += [f"  {email:<{width}}  {who}" for email, who in rows]
    lines += [
        "",
        "Codes of staff and admin: `manage.py demo_otp LOGIN`, or an app with the secret",
    ]
    lines += [
        f"  {people.address_of(name):<{width}}  {people.demo_totp_secret(people.address_of(name))}"
        for name, login in people.LOGINS.items()
        if login.needs_code
    ]
    return "\n".join([*lines, *_sandbox_app()])


def _sandbox_app() -> list[str]:
    try:
        credential = sandbox_credential()
    except Credential.DoesNotExist:
        return []
    return [
        "",
        "Sandbox app of dev@example.com, for use with curl",
        f"  client_id      {credential.client.client_id}",
        f"  client_secret  {credential.secret}",
        "",
    ]
