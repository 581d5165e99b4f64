"""Migrate an empty database and store one application with a known secret."""

import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.vanilla_dot.settings"

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402


def main() -> None:
    """Take client id and secret from the command line."""
    client_id, secret = sys.argv[1:]
    call_command("migrate", verbosity=0)
    Application.objects.create(
        client_id=client_id,
        client_secret=secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        name="Bench",
    )


main()
