"""Links accounts because a trusted identity provider says whose they are.

The operator decides which claims count, and whether a provider is for test customers or for real
ones (`portal.sign_in.openid.config`); it never reaches accounts of the other kind. A link that a
provider's claims created ends when the claims no longer name the account (ADR 6).
"""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from consent.services.grants.lifecycle import lock_person
from customerdata.models import Account, AccountHolder, AccountVersion, Customer
from customerdata.services.links.link import link_account, plain_number
from customerdata.services.links.unlink import end_link
from portal.sign_in.openid.claims import Assertion


@dataclass(frozen=True, slots=True)
class Named:
    """The accounts that claims name; `understood` says that every number was resolved."""

    accounts: tuple[Account, ...] = ()
    understood: bool = True


@transaction.atomic
def link_asserted(assertion: Assertion) -> list[AccountHolder]:
    """Link the accounts that a provider asserts and end its links to others; return the new links.

    Numbers of no account or of several link nothing. A link that staff ended stays ended.
    """
    # Another sign-in or staff may be changing this person's links at the same time.
    lock_person(assertion.user.pk)
    parts = _of_customer(assertion), _by_number(assertion)
    wanted = dict.fromkeys(account for part in parts for account in part.accounts)
    if assertion.is_whole and all(part.understood for part in parts):
        _end_others(assertion, wanted)
    known = AccountHolder.objects.filter(user=assertion.user, account__in=wanted, withdrawn=False)
    decided = set(known.values_list("account", flat=True))
    return [
        link_account(
            user=assertion.user,
            account=account,
            asserted_by=_source(assertion),
            by=_actor(assertion),
        )
        for account in wanted
        if account.pk not in decided
    ]


def _end_others(assertion: Assertion, wanted: dict[Account, None]) -> None:
    """End the links that this subject's claims created to accounts that they no longer name."""
    links = AccountHolder.objects.current().filter(
        user=assertion.user, asserted_by=_source(assertion)
    )
    for holder in links.exclude(account__in=wanted).order_by("pk"):
        reason = _("The service that you use to sign in no longer lists this account as yours.")
        end_link(holder=holder, reason=reason, withdrawn=True, by=_actor(assertion))


def _source(assertion: Assertion) -> str:
    return f"{assertion.provider_id} {assertion.subject}"


def _actor(assertion: Assertion) -> str:
    return f"openid:{assertion.provider_id}"


def _of_customer(assertion: Assertion) -> Named:
    """Return all accounts of the customer with the asserted customer number."""
    if not assertion.customer_number:
        return Named()
    customers = list(
        Customer.objects.filter(
            customer_number=assertion.customer_number, is_test=assertion.test_customers
        )[:2]
    )
    if len(customers) != 1:
        return Named(understood=False)
    versions = AccountVersion.objects.current().filter(account__customer=customers[0])
    return Named(tuple(version.account for version in versions.select_related("account")))


def _by_number(assertion: Assertion) -> Named:
    """Return the accounts with the asserted numbers, without numbers of several accounts."""
    numbers = {plain_number(number) for number in assertion.account_numbers}
    if not numbers:
        return Named()
    versions = AccountVersion.objects.current().filter(account_number__in=numbers)
    found: dict[str, list[Account]] = {}
    for version in versions.select_related("account__customer"):
        found.setdefault(version.account_number, []).append(version.account)
    sure = tuple(
        accounts[0]
        for accounts in found.values()
        if len(accounts) == 1 and accounts[0].customer.is_test == assertion.test_customers
    )
    return Named(sure, understood=len(sure) == len(numbers))
