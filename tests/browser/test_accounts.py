"""A person's account: signing up, linking what the utility knows, a forgotten password."""

import re

import pytest
from django.core import mail
from playwright.sync_api import expect

from customerdata.demo.people import address_of
from customerdata.models import AccountHolder
from tests.browser.world import run_waiting_work

pytestmark = pytest.mark.browser

# Long enough to be wider than a phone when it cannot be broken.
NEW = "somebody.with.a.name.of.many.letters@example.com"
PASSWORD = "a-long-enough-password"


def newest_mail(to, words):
    """Return what the newest mail to somebody says that matches."""
    run_waiting_work()
    message = mail.outbox[-1]
    assert message.to == [to]
    found = re.search(words, message.body)
    assert found, message.body
    return found[0]


def wrong(visitor, words) -> None:
    """Expect the summary on top, with the focus in it, and look at the page."""
    summary = visitor.page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link", name=words, exact=True)).to_be_visible()
    visitor.look()


def test_a_stranger_signs_up_and_links_an_account(cast, new_visitor) -> None:
    """On a phone: mistakes first, then the mail, the account number, the code of another mail."""
    cast.home("ana")
    phone = new_visitor(width=320)
    phone.go("/")
    phone.look()
    phone.follow("Create an account")
    phone.sees("Create an account")
    phone.look()
    phone.press("Create account")
    wrong(phone, "Email: This field is required.")
    phone.page.get_by_label("Email").fill(NEW)
    phone.page.get_by_label("Password", exact=True).fill(PASSWORD)
    phone.page.get_by_label("Password (again)").fill(PASSWORD)
    phone.press("Create account")
    phone.sees("Confirm your email address")
    phone.look()
    phone.go(newest_mail(NEW, r"http://\S+/accounts/confirm-email/\S+"))
    phone.look()
    phone.press("Confirm this address")
    phone.sign_in(NEW, PASSWORD)
    phone.sees("Your energy data, shared only when you say so")
    phone.look()
    phone.follow("Link an account")
    phone.sees("Link an account")
    phone.look()
    phone.press("Send the code")
    wrong(phone, "Account number: This field is required.")
    phone.page.get_by_label("Account number").fill("1111-1")
    phone.press("Send the code")
    phone.sees("Enter the code")
    phone.look()
    phone.page.get_by_label("Code").fill("12345")
    phone.press("Link the account")
    wrong(phone, "Enter the six digits of the code.")
    run_waiting_work()
    phone.page.get_by_label("Code").fill(newest_mail(address_of("ana"), r"\b\d{6}\b"))
    phone.press("Link the account")
    phone.sees("Link an account")
    expect(
        phone.page.get_by_role("status").filter(has_text="The account is linked")
    ).to_be_visible()
    expect(phone.page.get_by_role("listitem").filter(has_text="1111-1")).to_be_visible()
    phone.look()
    phone.go("/accounts/email/")
    phone.look()
    assert AccountHolder.objects.current().filter(user__email=NEW).count() == 1


def test_a_number_that_nobody_has_looks_the_same(cast, visitor, signed_in) -> None:
    """Who is a customer is nobody's business: the page asks for a code that was never sent."""
    signed_in(visitor, "ana").go("/accounts-link/")
    visitor.look()
    visitor.page.get_by_label("Account number").fill("9999-9")
    visitor.press("Send the code")
    visitor.sees("Enter the code")
    visitor.look()
    run_waiting_work()
    assert mail.outbox == []
    visitor.page.get_by_label("Code").fill("000000")
    visitor.press("Link the account")
    wrong(visitor, "This code does not work. Check it, or ask for a new one after 15 minutes.")
    visitor.follow("Use another account number")
    visitor.sees("Link an account")


def test_a_forgotten_password(cast, visitor) -> None:
    """The link of the mail works once, and the new password signs in."""
    visitor.go("/accounts/login/")
    visitor.look()
    visitor.follow("Forgot your password?")
    visitor.sees("Reset your password")
    visitor.look()
    visitor.page.get_by_label("Email").fill(address_of("ana"))
    visitor.press("Send the link")
    visitor.sees("Check your email")
    visitor.look()
    link = newest_mail(address_of("ana"), r"http://\S+/accounts/password/reset/key/\S+")
    visitor.go(link)
    visitor.sees("Choose a new password")
    visitor.look()
    visitor.page.get_by_label("New Password", exact=True).fill(PASSWORD)
    visitor.page.get_by_label("New Password (again)").fill(f"{PASSWORD}-other")
    visitor.press("Save the new password")
    wrong(visitor, "You must type the same password each time.")
    visitor.page.get_by_label("New Password", exact=True).fill(PASSWORD)
    visitor.page.get_by_label("New Password (again)").fill(PASSWORD)
    visitor.press("Save the new password")
    visitor.sees("Your password has been changed")
    visitor.look()
    visitor.go(link)
    visitor.sees("This link no longer works")
    visitor.look()
    visitor.go("/accounts/login/")
    visitor.sign_in(address_of("ana"), PASSWORD)
    visitor.sees("Your energy data, shared only when you say so")
    visitor.look()
