"""Asking for Grants to be computed again."""

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from consent.models import Grant
from customerdata.access.compute import compute_grant
from customerdata.models import AccountHolder
from customerdata.tasks import recompute_customer
from portal.models import OutboxEntry
from tests.factories.customerdata import (
    AccountFactory,
    AccountHolderFactory,
    Household,
    chosen,
    contract_entry,
    make_grant,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("offers")]


def test_grants_of_before_learn_when_their_last_new_data_comes(home):
    """Asked once per customer with holders, and not before workers of the old version are gone."""
    entry = contract_entry(sync_until="2030-01-01T00:00:00Z")
    grant = make_grant(home.user, (entry, chosen(*home.contract_ids(0))))
    compute_grant(grant)
    Grant.objects.update(new_data_until=None)
    AccountHolderFactory.create(account=AccountFactory.create(customer=home.customer))
    AccountHolder.objects.filter(user=Household().user).update(ended=timezone.now())
    AccountFactory.create()
    request = import_module("customerdata.migrations.0007_compute_ends_of_new_data").request
    for _ in range(2):
        request(apps, None)
    asked = OutboxEntry.objects.filter(task="customerdata.tasks.recompute_customer")
    assert asked.count() == 2, "nobody holds an account of the third customer"
    found = asked.get(args=[home.customer.customer_id])
    assert (found.status, found.not_before > timezone.now()) == ("ready", True)
    recompute_customer(*found.args)
    grant.refresh_from_db()
    assert grant.new_data_until is not None
