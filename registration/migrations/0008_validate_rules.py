"""Check the rows that were there before their rules.

In a transaction of its own, as checking reads whole tables: others go on reading and writing.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registration", "0007_requirement_paid_by")]

    operations = [
        ValidateConstraint(model_name="message", name="registration_message_status_of_type"),
        ValidateConstraint(model_name="message", name="registration_message_creator_of_type"),
        ValidateConstraint(model_name="message", name="registration_message_related_in_pairs"),
        ValidateConstraint(model_name="message", name="registration_message_update_of_something"),
        ValidateConstraint(model_name="client", name="registration_client_staff_keep_it_disabled"),
        ValidateConstraint(
            model_name="requirement", name="registration_requirement_paid_is_complete"
        ),
    ]
