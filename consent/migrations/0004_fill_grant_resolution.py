"""Keep with every Grant what its scope ids and choices mean by today's offers.

What an offer has lost already cannot be found again; such a choice still names the Value Format
whose own id it is.
"""

from collections.abc import Iterator
from typing import Any

from django.db import migrations

BATCH = 500
VALUE_TYPES = "include_usage_segment_value_types"


def fill(apps: Any, schema_editor: Any) -> None:
    """Fill the rows that keep nothing yet; running it again changes nothing."""
    grants = apps.get_model("consent", "Grant").objects
    offers = {
        offer.scope_id: (offer.scope_type, _formats(offer.settings))
        for offer in apps.get_model("registration", "OfferedScope").objects.all()
    }
    last = 0
    while rows := list(grants.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        empty = [row for row in rows if not row.resolution]
        for row in empty:
            row.resolution = {
                scope_id: {
                    "type": offers[scope_id][0],
                    "value_formats": _kept(row, scope_id, offers),
                }
                for scope_id in _scope_ids(row)
                if scope_id in offers
            }
        grants.bulk_update(empty, ["resolution"])


def _scope_ids(row: Any) -> Iterator[str]:
    yield from row.scope.split()
    for entry in row.authorization_details:
        yield entry["type"]


def _kept(row: Any, scope_id: str, offers: dict[str, Any]) -> dict[str, Any]:
    formats = offers[scope_id][1]
    wanted = [
        choice
        for entry in row.authorization_details
        if entry["type"] == scope_id
        for choice in entry.get(VALUE_TYPES) or ()
    ]
    return {choice: formats[choice] for choice in wanted if choice in formats}


def _formats(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        choice["id"]: choice["usagesegment_format"]
        for field in settings.get("fields", ())
        if field["id"] == VALUE_TYPES
        for choice in field.get("choices", ())
        if choice.get("usagesegment_format") is not None
    }


class Migration(migrations.Migration):
    dependencies = [("consent", "0003_grant_reviews_and_resolution")]

    operations = [
        # Going back drops the column and needs nothing.
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
