"""Check the rows that were there before their rules.

In a transaction of its own, as checking reads whole tables: others go on reading and writing.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("consent", "0005_grant_authorized")]

    operations = [
        ValidateConstraint(model_name="grant", name="consent_grant_suspended_from"),
        ValidateConstraint(model_name="grant", name="consent_grant_not_its_own_parent"),
        ValidateConstraint(model_name="grant", name="consent_grant_asked_only_waiting"),
        ValidateConstraint(model_name="grant", name="consent_grant_review_of_a_question"),
    ]
