"""Accounts that a trusted provider links at sign-in."""

import pytest

from customerdata.models import AccountHolder
from customerdata.services.links.link import link_account
from portal.models import AuditEvent, User
from tests.factories.customerdata import AccountFactory, CustomerFactory
from tests.portal.sign_in.openid.support import ANA, configure, entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(utility_login, settings, traveller):
    """Sign in with claims at a provider that is configured like this; return who that is."""

    def sign_in(claims, **rules):
        configure(settings, entry(utility_login.url, **rules))
        utility_login.arrange("http://testserver", {**ANA, "claims": claims})
        traveller.there.cookies.clear()
        traveller.browser.logout()
        assert traveller.sign_in()["Location"] == "/"
        return User.objects.get(email="ana@example.com")

    return sign_in


def account(is_test=False, **customer):
    """An account of a customer of its own."""
    return AccountFactory.create(customer=CustomerFactory.create(is_test=is_test, **customer))


def number_of(found):
    """The account's number."""
    return found.versions.get().account_number


def held(user):
    """The accounts that a person holds."""
    return {each.account for each in AccountHolder.objects.current().filter(user=user)}


def test_nothing_is_linked_unless_the_claim_is_named(told):
    """Off by default: what a provider happens to say counts for nothing."""
    found = account()
    assert held(told({"accounts": [number_of(found)], "account_number": number_of(found)})) == set()


def test_account_numbers(told):
    """One or several, spaced or not; unknown ones link nothing."""
    one, two, other = account(), account(), account()
    spaced = f" {number_of(two)} "
    user = told({"accounts": [number_of(one), spaced, "none"]}, accounts_claim="accounts")
    assert held(user) == {one, two}
    assert other not in held(user)
    events = AuditEvent.objects.filter(action="account.linked", actor="openid:utility")
    assert events.count() == 2


def test_one_number(told):
    """A text instead of a list."""
    found = account()
    assert held(told({"acct": number_of(found)}, accounts_claim="acct")) == {found}


@pytest.mark.parametrize("value", [{"a": 1}, True, None, 3.5, "", [], ["\x00"], [[]], [None]])
def test_claims_that_are_no_numbers(told, value):
    """They link nothing, and the person is signed in."""
    account()
    assert held(told({"acct": value}, accounts_claim="acct")) == set()


def test_the_customer_number(told):
    """All accounts of the customer."""
    customer = CustomerFactory.create(is_test=False, customer_number="C-1")
    accounts = {AccountFactory.create(customer=customer) for _ in range(2)}
    account(customer_number="C-2")
    assert held(told({"customer": "C-1"}, customer_claim="customer")) == accounts


def test_a_customer_number_of_several(told):
    """Nobody guesses whose accounts are meant."""
    account(customer_number="C-1")
    account(customer_number="C-1")
    assert held(told({"customer": "C-1"}, customer_claim="customer")) == set()


@pytest.mark.parametrize("test_customers", [False, True])
def test_sandbox_and_production_stay_apart(told, test_customers):
    """A provider knows customers of one kind and says nothing about the others."""
    real = account(customer_number="C-1")
    test = account(is_test=True, customer_number="C-2")
    user = told(
        {"accounts": [number_of(real), number_of(test)], "customer": ["C-1", "C-2"]},
        accounts_claim="accounts",
        test_customers=test_customers,
    )
    assert held(user) == ({test} if test_customers else {real})


def test_a_customer_of_the_other_kind(told):
    """Also by the number of the customer."""
    account(is_test=True, customer_number="C-2")
    assert held(told({"customer": "C-2"}, customer_claim="customer")) == set()


def test_a_link_that_was_ended_stays_ended(told):
    """The next sign-in does not undo what was decided here; new accounts still come."""
    found, new = account(), account()
    user = told({"accounts": [number_of(found)]}, accounts_claim="accounts")
    holder = AccountHolder.objects.get(user=user)
    holder.ended = holder.created
    holder.save()
    told({"accounts": [number_of(found), number_of(new)]}, accounts_claim="accounts")
    assert held(user) == {new}


def test_a_link_by_code_is_not_made_twice(told):
    """The account was linked before the provider spoke of it."""
    found = account()
    user = told({})
    link_account(user=user, account=found, by=user)
    told({"accounts": [number_of(found)]}, accounts_claim="accounts")
    assert AccountHolder.objects.filter(user=user).count() == 1


def test_what_the_claim_no_longer_names(told):
    """The link ends with the sign-in; a sign-in without the claim says nothing."""
    one, two = account(), account()
    user = told({"accounts": [number_of(one), number_of(two)]}, accounts_claim="accounts")
    told({}, accounts_claim="accounts")
    assert held(user) == {one, two}
    told({"accounts": [number_of(two)]}, accounts_claim="accounts")
    assert held(user) == {two}
    subject = user.socialaccount_set.get().uid
    assert AccountHolder.objects.get(account=two).asserted_by == f"utility {subject}"
