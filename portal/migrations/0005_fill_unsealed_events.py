"""Note the events that were written before the trigger and are not sealed yet."""

from typing import Any

from django.db import migrations

MISSING = """
INSERT INTO portal_unsealedevent (event_id)
SELECT id FROM portal_auditevent AS event
WHERE NOT EXISTS (SELECT FROM portal_sealedevent AS sealed WHERE sealed.event_id = event.id)
ON CONFLICT DO NOTHING
"""


def fill(apps: Any, schema_editor: Any) -> None:
    """Fill the table; running it again changes nothing."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(MISSING)


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0004_unsealed_event"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
