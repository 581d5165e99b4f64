"""Register one party in a fresh database; print id and secret of its admin Client as JSON."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from consent.catalogue.demo_offers import demo_offers  # noqa: E402
from registration.services.catalogue.offers import load_offers  # noqa: E402
from registration.services.registering.register import register  # noqa: E402


def main() -> None:
    """Seed and print."""
    load_offers(demo_offers().values())
    made = register(
        payload={"client_name": "Bench", "scope": "cds_client_admin"}, by="command:bench"
    )
    credentials = {"client_id": made.admin_client.client_id, "client_secret": made.secret}
    sys.stdout.write(json.dumps(credentials) + "\n")


main()
