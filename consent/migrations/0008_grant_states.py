import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0007_grant_new_data_until"),
    ]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="states",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(),
                blank=True,
                default=list,
                help_text="`state` of the authorization requests that made or changed it, oldest first",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="selection",
            name="chosen",
            field=models.DateTimeField(
                blank=True, help_text="When; null for when the Grant was given", null=True
            ),
        ),
    ]
