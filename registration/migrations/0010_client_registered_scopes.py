import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registration", "0009_fill_paid_by"),
    ]

    operations = [
        migrations.AddField(
            model_name="client",
            name="registered_scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100),
                blank=True,
                default=list,
                help_text="What the Client was given; empty while it gave nothing up",
                size=None,
            ),
        ),
    ]
