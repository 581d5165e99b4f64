"""Keep with every Grant the `state` values of the requests that led to it.

Requests are cleared away some time after their answer; a Client may ask by `state` for as long as
the Grant is there (CDS-WG3-01 9.1.1).
"""

from typing import Any

from django.db import migrations

BATCH = 500


def fill(apps: Any, schema_editor: Any) -> None:
    """Fill the rows that keep nothing yet; running it again changes nothing."""
    grants = apps.get_model("consent", "Grant").objects
    requests = apps.get_model("consent", "AuthorizationRequest").objects
    last = 0
    while rows := list(grants.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        empty = {row.pk: row for row in rows if not row.states}
        answered = requests.filter(grant__in=empty).order_by("answered", "pk")
        for grant_pk, params in answered.values_list("grant", "params"):
            state, known = params.get("state"), empty[grant_pk].states
            if state and state not in known:
                known.append(state)
        grants.bulk_update([row for row in empty.values() if row.states], ["states"])


class Migration(migrations.Migration):
    dependencies = [("consent", "0008_grant_states")]

    operations = [
        # Going back drops the column and needs nothing.
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
