"""The steps of a registration in a browser: readable, and usable on a phone."""

import re
from typing import Any

import pytest

from tests.registration.onboarding_support import (
    PDF,
    mailed_code,
    offer_with,
    register,
    requirement,
    statuses,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def steps(portal):
    """A registration with every kind of step; returns the addresses by field."""
    fields = (
        "email_verification",
        "terms_form",
        "agreement_pdf",
        "registration_fee",
        "customer_sign_in",
    )
    offer_with(*fields)
    registration = register()
    found: dict[str, Any] = {name: requirement(registration, name) for name in fields}
    return found


def link(step):
    """The page of a step."""
    return step.message.related_uri.removesuffix("form.pdf")


def test_all_steps(steps, new_visitor) -> None:
    """On a phone; each page is looked at with axe before and after."""
    visitor = new_visitor(width=320)
    visitor.go("/onboarding/")
    visitor.sees("What registration requires")
    visitor.look()

    visitor.go(link(steps["email_verification"]))
    visitor.look()
    visitor.press("Send the code")
    visitor.page.get_by_label("Code").fill("x")
    visitor.press("Confirm the address")
    visitor.look()
    visitor.page.get_by_label("Code").fill(mailed_code())
    visitor.press("Confirm the address")
    visitor.page.get_by_text("This is done").wait_for()
    visitor.look()

    visitor.go(link(steps["terms_form"]))
    visitor.look()
    visitor.page.get_by_label("Your full name").fill("Dev Person")
    visitor.page.get_by_label("Your role in the company").fill("Owner")
    visitor.page.get_by_label(re.compile("^I am authorized to sign")).check()
    visitor.press("Accept the terms")
    visitor.page.get_by_text("This is done").wait_for()

    visitor.go(link(steps["agreement_pdf"]))
    visitor.look()
    visitor.page.get_by_label("Completed form").set_input_files(
        {"name": "form.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    visitor.press("Send the form")
    visitor.page.get_by_text("We have received this").wait_for()
    visitor.look()

    visitor.go(link(steps["registration_fee"]))
    visitor.look()
    visitor.press("I have sent the payment")
    visitor.page.get_by_text("We have received this").wait_for()
    visitor.look()

    visitor.go(link(steps["customer_sign_in"]))
    visitor.look()

    assert statuses(steps["email_verification"]) == ["complete"]
    assert statuses(steps["terms_form"]) == ["pending", "complete"]
    assert statuses(steps["agreement_pdf"]) == ["pending"]
    assert statuses(steps["registration_fee"]) == ["pending"]


def test_sign_in_as_a_customer(cast, portal, visitor, signed_in) -> None:
    """The person sees as whom they are signed in before anything is linked."""
    cast.home("ana")
    offer_with("customer_sign_in")
    step = requirement(register(), "customer_sign_in")
    signed_in(visitor, "ana").go(link(step))
    visitor.look()
    visitor.press("Link my account to Solar Helper")
    visitor.page.get_by_text("This is done").wait_for()
    assert statuses(step) == ["pending", "complete"]
