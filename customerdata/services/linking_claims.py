"""Linking accounts because a trusted identity provider says whose they are.

The operator decides which claims count and whether a provider knows test customers or real ones
(`portal.openid.config`); a provider of one kind never reaches accounts of the other.
"""

from collections.abc import Iterable

from django.db import transaction

from customerdata.models import Account, AccountHolder, AccountVersion, Customer
from customerdata.services.linking import link_account, plain_number
from portal.openid.claims import Assertion


@transaction.atomic
def link_asserted(assertion: Assertion) -> list[AccountHolder]:
    """Link the accounts that a provider asserts; return the new links.

    Numbers that no account has, or several, link nothing. A link that was ended here stays ended.
    """
    wanted = [*_of_customer(assertion), *_by_number(assertion)]
    known = AccountHolder.objects.filter(user=assertion.user, account__in=wanted)
    decided = set(known.values_list("account", flat=True))
    return [
        link_account(user=assertion.user, account=account, by=f"openid:{assertion.provider_id}")
        for account in dict.fromkeys(wanted)
        if account.pk not in decided
    ]


def _of_customer(assertion: Assertion) -> Iterable[Account]:
    """Return all accounts of the customer with the asserted number."""
    if not assertion.customer_number:
        return []
    customers = list(
        Customer.objects.filter(
            customer_number=assertion.customer_number, is_test=assertion.test_customers
        )[:2]
    )
    if len(customers) != 1:
        return []
    versions = AccountVersion.objects.current().filter(account__customer=customers[0])
    return [version.account for version in versions.select_related("account")]


def _by_number(assertion: Assertion) -> Iterable[Account]:
    """Return the accounts with the asserted numbers, except numbers that several have."""
    numbers = {plain_number(number) for number in assertion.account_numbers}
    if not numbers:
        return []
    versions = AccountVersion.objects.current().filter(account_number__in=numbers)
    found: dict[str, list[Account]] = {}
    for version in versions.select_related("account__customer"):
        found.setdefault(version.account_number, []).append(version.account)
    return [
        accounts[0]
        for accounts in found.values()
        if len(accounts) == 1 and accounts[0].customer.is_test == assertion.test_customers
    ]
