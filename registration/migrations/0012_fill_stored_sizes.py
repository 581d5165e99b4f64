"""Count the files that Clients have sent; their texts are small beside them."""

from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Subquery, Sum


def fill(apps: Any, schema_editor: Any) -> None:
    """Give each Message of a Client the size of its files; may run twice."""
    files = apps.get_model("registration", "MessageAttachment").objects
    total = files.filter(message=OuterRef("pk")).order_by().values("message")
    total = total.annotate(total=Sum("size")).values("total")
    messages = apps.get_model("registration", "Message").objects.exclude(creator="")
    messages.filter(size=0, attachments__isnull=False).update(size=Subquery(total))


class Migration(migrations.Migration):
    dependencies = [("registration", "0011_stored_sizes")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
