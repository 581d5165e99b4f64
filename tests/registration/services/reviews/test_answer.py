"""One decision, one answer to every Message that asks for it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from registration.models import Message
from registration.services.onboarding.decide import approve_requirement, reject_requirement
from registration.services.onboarding.renew import renew_link
from registration.services.reviews.decide import reject_request
from tests.registration.onboarding_support import offer_with, register, requirement
from tests.registration.support import approve_as_seen

pytestmark = pytest.mark.django_db


def asked_twice():
    """A step whose first link has expired, with both Messages, older first."""
    offer_with("agreement_pdf")
    step = requirement(register(), "agreement_pdf")
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        renewed = renew_link(requirement=step)
    return renewed, step.message, renewed.message


@pytest.mark.parametrize("way", ["step", "older Message", "newer Message"])
@pytest.mark.parametrize("status", ["complete", "rejected"])
def test_a_renewed_request_is_answered_whichever_is_decided(way, status):
    """The party finds the answer at each Message, and nothing is left that waits."""
    step, older, newer = asked_twice()
    message = older if way == "older Message" else newer
    ways: dict[tuple[bool, str], Callable[..., Any]] = {
        (True, "complete"): partial(approve_requirement, requirement=step),
        (True, "rejected"): partial(reject_requirement, requirement=step, reason="No."),
        (False, "complete"): partial(approve_as_seen, message=message),
        (False, "rejected"): partial(reject_request, message=message, reason="No."),
    }
    decided = ways[way == "step", status](by="staff")
    step.refresh_from_db()
    assert step.status == status
    for each in (older, newer):
        each.refresh_from_db()
        update = each.replies.get(type="request_update")
        assert (each.status, update.status) == (status, status)
    assert not Message.objects.outstanding().exists()
    if way != "step":
        assert decided.previous == message
