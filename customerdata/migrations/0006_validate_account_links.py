"""Check the rows that were there before their rules; see 0004."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customerdata", "0005_account_links_by_claims")]

    operations = [
        ValidateConstraint(
            model_name="accountholder", name="customerdata_accountholder_withdrawn_by_claims"
        ),
    ]
