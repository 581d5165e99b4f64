"""Name what feeds the columns of a series, and the grid on which its values lie (ADR 3)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customerdata", "0008_usage_series_cut_under"),
    ]

    operations = [
        migrations.AddField(
            model_name="usageseries",
            name="grid",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What can lie side by side, see customerdata.usage.grids; empty: not stated.",
                max_length=24,
            ),
        ),
        migrations.AddField(
            model_name="usageseries",
            name="sources",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="By column: what feeds it, in the source's own name; empty: nothing said so.",
            ),
        ),
    ]
