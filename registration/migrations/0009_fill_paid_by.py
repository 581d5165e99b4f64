"""Say of fees that were paid by card which payment met them; else it would look like surplus."""

from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps: Any, schema_editor: Any) -> None:
    """Take the first payment that arrived, as a decision does."""
    payments = apps.get_model("registration", "Payment").objects
    first = payments.filter(requirement=OuterRef("pk"), status="confirmed").order_by("pk")
    apps.get_model("registration", "Requirement").objects.filter(
        type="payment_required", status="complete", paid_by=None
    ).update(paid_by=Subquery(first.values("pk")[:1]))


class Migration(migrations.Migration):
    dependencies = [("registration", "0008_validate_rules")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
