"""Remember along which months the packs of a series were cut (ADR 9).

Empty means that it is not known: the next delivery, or `recut_usage`, looks. The default stays in
the database, because processes of the version before may still make series.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customerdata", "0007_compute_ends_of_new_data")]

    operations = [
        migrations.AddField(
            model_name="usageseries",
            name="cut_under",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text=(
                    "Digest of the months along which the packs were cut; empty: not known."
                ),
                max_length=16,
            ),
        )
    ]
