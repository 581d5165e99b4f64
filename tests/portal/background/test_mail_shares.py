"""Nobody's mailbox is filled through us, however its address is written."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from portal.background.mail import SIGN_IN_SHARE
from portal.background.mail_shares import counted_form
from portal.retention import age_limits
from tests.mails import delivered

NOON = timezone.now().replace(hour=12)
PASSWORD = "a-long-enough-password"


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.com",
        "Ana@Example.COM",
        "ana+shop@example.com",
        "ana+a+b@example.com",
        '"ana+x"@example.com',
        "ana@example.com.",
        " ana@example.com ",
        "\uff21na@example.com",
        "ana@\uff45xample.com",
    ],
)
def test_spellings_of_one_mailbox_count_as_one(address):
    """Case, plus part, quotes and look-alike forms of one character."""
    assert counted_form(address) == "ana@example.com"


@pytest.mark.parametrize("domain", ["b\u00fccher.example", "BU\u0308CHER.example"])
def test_a_domain_has_two_spellings(domain):
    """The one with its letters and the one that name servers know (RFC 5890)."""
    assert counted_form(f"ana@{domain}") == "ana@xn--bcher-kva.example"
    assert counted_form("ana@XN--BCHER-KVA.example") == "ana@xn--bcher-kva.example"


@pytest.mark.parametrize("address", ["+x@example.com", "no address", "a@" + "x" * 300, "@", ""])
def test_odd_addresses_have_a_form_too(address):
    """Whoever chose one gets an answer about it elsewhere."""
    assert "@" in counted_form(address)


def test_different_mailboxes_stay_different():
    """Dots count: they do for most providers."""
    forms = {counted_form(f"{name}@example.com") for name in ("ana", "a.na", "anna", "+x")}
    assert len(forms) == 4


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/signup/"])
def test_sign_in_sends_an_address_only_so_many_mails(client, settings, path):
    """From whatever network, and for accounts that exist or not."""
    settings.ACCOUNT_RATE_LIMITS = {"signup": None, "reset_password": None}
    fields = {"password1": PASSWORD, "password2": PASSWORD}
    (_, an_hour), (_, a_day) = SIGN_IN_SHARE.limits
    got = []
    for hours in range(4):
        with time_machine.travel(NOON + timedelta(hours=hours, minutes=hours), tick=False):
            for number in range(an_hour + 2):
                address = f"ana+{hours}.{number}@example.com"
                assert client.post(path, {"email": address, **fields}).status_code == 302
            got.append(len(delivered()))
            client.post(path, {"email": f"bo{hours}@example.com", **fields})
            assert delivered()[-1].to == [f"bo{hours}@example.com"]
    assert got == [an_hour, a_day + 1, a_day + 2, a_day + 3]


def test_mails_are_not_forgotten_while_they_count():
    """The limits count rows of the outbox: deleted sooner, they would start again."""
    kept = min(limit.age for limit in age_limits() if limit.model == "portal.OutboxEntry")
    assert kept > max(span for span, _ in SIGN_IN_SHARE.limits)
