"""Have the Grants of before computed again, which notes when their last new data comes (ADR 8)."""

from datetime import timedelta
from typing import Any

from django.db import migrations
from django.utils import timezone

BATCH = 500
TASK = "customerdata.tasks.recompute_customer"
# Workers of the old version may still run; they would take the work and note nothing.
RESTART_TIME = timedelta(hours=1)


def request(apps: Any, schema_editor: Any) -> None:
    """Ask once per customer whose accounts people hold or held; again changes nothing."""
    accounts = apps.get_model("customerdata", "Account").objects
    entries = apps.get_model("portal", "OutboxEntry")
    found = accounts.filter(holders__isnull=False).order_by("customer_id")
    due = timezone.now() + RESTART_TIME
    entries.objects.bulk_create(
        (
            entries(task=TASK, args=[of], unique_key=f"new_data_until:{of}", not_before=due)
            for of in found.values_list("customer__customer_id", flat=True).distinct()
        ),
        batch_size=BATCH,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("customerdata", "0006_validate_account_links"),
        ("consent", "0007_grant_new_data_until"),
        ("portal", "0003_encrypt_second_factors"),
    ]

    operations = [migrations.RunPython(request, migrations.RunPython.noop)]
