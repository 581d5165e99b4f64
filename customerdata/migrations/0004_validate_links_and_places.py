"""Check the rows that were there before their rules.

In a transaction of its own, as checking reads whole tables: others go on reading and writing.
"""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customerdata", "0003_ended_links_and_chosen_places")]

    operations = [
        ValidateConstraint(
            model_name="accountholder", name="customerdata_accountholder_mistakes_are_over"
        ),
        ValidateConstraint(
            model_name="grantedobject", name="customerdata_grantedobject_through_of_contracts"
        ),
    ]
