"""Links that a provider's claims made end when these no longer name the account (ADR 6)."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from consent.catalogue.demo_offers import demo_offers
from consent.models import Grant
from customerdata.access.compute import compute_grant
from customerdata.models import Account, AccountHolder
from customerdata.services.links.link import link_account
from customerdata.services.links.unlink import end_link
from portal.models import AuditEvent, OutboxEntry, User
from portal.sign_in.openid import claims
from registration.services.catalogue.offers import load_offers
from tests.factories.consent import CustomerFactory as PersonFactory
from tests.factories.customerdata import (
    AccountFactory,
    CustomerFactory,
    Household,
    chosen,
    contract_entry,
    make_grant,
)

pytestmark = pytest.mark.django_db


class Provider:
    """Somebody's sign-ins with a provider whose claims name accounts and the customer."""

    def __init__(self, user: User) -> None:
        self.user = user

    def says(
        self,
        *,
        provider_id: str = "utility",
        subject: str = "s1",
        customer_claim: str = "",
        accounts_claim: str = "accounts",
        **told: Any,
    ) -> set[Account]:
        """Sign in; return the accounts that the person holds then."""
        rules = {
            "customer_claim": customer_claim,
            "accounts_claim": accounts_claim,
            "test_customers": True,
        }
        claims.tell(self.user, provider_id=provider_id, subject=subject, rules=rules, told=told)
        return {each.account for each in AccountHolder.objects.current().filter(user=self.user)}


@pytest.fixture
def provider():
    """Of a person without accounts."""
    return Provider(PersonFactory.create())


def account(**customer: Any) -> Account:
    """An account of a customer of its own."""
    made: Account = AccountFactory.create(customer=CustomerFactory.create(is_test=True, **customer))
    return made


def number(found: Account) -> str:
    """The account's number."""
    return str(found.versions.get().account_number)


def test_what_is_not_named_any_more_ends(provider):
    """With the mail and the audit that any end of a link has."""
    kept, gone = account(), account()
    both = [number(kept), number(gone)]
    assert provider.says(accounts=both) == {kept, gone}
    assert provider.says(accounts=both[:1]) == {kept}
    link = AccountHolder.objects.get(account=gone)
    assert (link.withdrawn, link.mistaken) == (True, False)
    (event,) = AuditEvent.objects.filter(action="account.unlinked")
    assert event.actor == "openid:utility"
    mail = OutboxEntry.objects.get(task="customerdata.tasks.send_account_unlinked")
    assert mail.args[0] == link.pk
    assert "no longer lists this account" in mail.args[1]


def test_none_at_all(provider):
    """An empty list is an answer."""
    assert provider.says(accounts=[number(account())])
    assert provider.says(accounts=[]) == set()


def test_accounts_of_a_customer(provider):
    """One that went to another customer is not this person's any more."""
    mine = account(customer_number="C-1")
    moved = AccountFactory.create(customer=mine.customer)
    rules = {"customer_claim": "customer", "accounts_claim": "", "customer": "C-1"}
    assert provider.says(**rules) == {mine, moved}
    Account.objects.filter(pk=moved.pk).update(customer=CustomerFactory.create(is_test=True))
    assert provider.says(**rules) == {mine}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"accounts": None},
        {"accounts": ""},
        {"accounts": [True]},
        {"accounts": ["", {}]},
        {"accounts": ["no such number"]},
        {"accounts": [], "customer_claim": "customer"},
        {"accounts": [], "customer_claim": "customer", "customer": "no such number"},
        {"accounts": [], "customer_claim": "customer", "customer": ["C-1", "C-2"]},
        {"accounts_claim": ""},
    ],
)
def test_what_cannot_be_understood_ends_nothing(provider, told):
    """A claim that did not come, or a number that is not known here yet, is no answer."""
    found = account()
    account(customer_number="C-1")
    provider.says(accounts=[number(found)])
    assert found in provider.says(**told)


def test_only_what_these_claims_made(provider):
    """Links by code, by staff, by another provider or by another subject there stay."""
    by_code, named, elsewhere, other_subject = (account() for _ in range(4))
    for each in (by_code, named):
        link_account(user=provider.user, account=each, by=provider.user)
    provider.says(accounts=[number(elsewhere)], provider_id="other")
    provider.says(accounts=[number(other_subject)], subject="s2")
    everything = {by_code, named, elsewhere, other_subject}
    assert provider.says(accounts=[number(named)]) == everything
    assert provider.says(accounts=[]) == everything


def test_named_again(provider):
    """The claims may bring back what they withdrew, never what staff ended."""
    withdrawn, ended = account(), account()
    both = [number(withdrawn), number(ended)]
    provider.says(accounts=both)
    holder = AccountHolder.objects.get(account=ended)
    end_link(holder=holder, reason="Not yours.", by="command:x")
    assert provider.says(accounts=[]) == set()
    assert provider.says(accounts=both) == {withdrawn}
    assert provider.says(accounts=both) == {withdrawn}


def test_grants_settle_as_for_any_end(provider):
    """The same service does it (ADR 5)."""
    load_offers(demo_offers().values())
    home = Household()
    AccountHolder.objects.all().delete()
    provider.says(accounts=[number(home.account)])
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        grant = make_grant(provider.user, (contract_entry(), chosen(*home.contract_ids(0))))
        assert compute_grant(grant)
        provider.says(accounts=[])
    assert Grant.objects.get(pk=grant.pk).status == "stopped"


def test_two_sign_ins_in_a_row_find_it_done(provider):
    """The second one has nothing left to end."""
    provider.says(accounts=[number(account())])
    provider.says(accounts=[])
    provider.says(accounts=[])
    assert AuditEvent.objects.filter(action="account.unlinked").count() == 1
