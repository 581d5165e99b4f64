"""Linking a signed-up person to an account."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from customerdata.models import AccountHolder, AccountLink
from customerdata.services.links import link as linking
from customerdata.tasks import promise_link_code
from portal.models import AuditEvent
from tests.factories.customerdata import AccountFactory, PersonFactory
from tests.mails import delivered

pytestmark = pytest.mark.django_db


def start(user, number):
    """Begin to link."""
    return linking.start_link(user=user, account_number=number, language="en", by=user)


def confirm(link, user, code):
    """Try a code."""
    return linking.confirm_link(link_id=link.link_id, code=code, user=user, by=user)


def number_of(account):
    """The account's number."""
    return account.versions.get().account_number


def test_the_mailed_code_links_the_account():
    """The code goes to the contact on file, not to the person who asks."""
    account, user = AccountFactory.create(), PersonFactory.create()
    link = start(user, f" {number_of(account)} ")
    promise_link_code(link.link_id, "en")
    (message,) = delivered(linking.MAIL_TASK)
    assert message.to == ["alex@example.com"]
    assert linking.code_of(link) in message.body
    confirm(link, user, linking.code_of(link))
    assert AccountHolder.objects.current().get().account == account
    assert AuditEvent.objects.filter(action="account.linked").exists()


def test_a_customer_with_many_accounts_gets_only_so_many_codes():
    """However many of the numbers somebody knows, and who asks."""
    for number in range(12):
        account = AccountFactory.create()
        account.customer.contact_email = f"ana+{number}@example.com"
        account.customer.save()
        account.versions.update(contacts=[])
        linking.promise_code(
            start(PersonFactory.create(), number_of(account)).link_id, language="en"
        )
    assert len(delivered(linking.MAIL_TASK)) == 10


def test_an_unknown_number_looks_the_same_and_sends_nothing():
    """Nobody learns which numbers exist."""
    user = PersonFactory.create()
    link = start(user, "no such number")
    promise_link_code(link.link_id, "en")
    assert delivered(linking.MAIL_TASK) == []
    with pytest.raises(linking.CodeRefused):
        confirm(link, user, linking.code_of(link))


def test_codes_expire_are_used_once_and_belong_to_their_person():
    """Each refusal reads the same."""
    account, user, other = AccountFactory.create(), PersonFactory.create(), PersonFactory.create()
    link = start(user, number_of(account))
    code = linking.code_of(link)
    with pytest.raises(linking.CodeRefused):
        confirm(link, other, code)
    late = timezone.now() + linking.VALID_FOR + timedelta(seconds=1)
    with time_machine.travel(late), pytest.raises(linking.CodeRefused):
        confirm(link, user, code)
    confirm(link, user, code)
    with pytest.raises(linking.CodeRefused):
        confirm(link, user, code)


def test_the_code_dies_after_five_wrong_tries():
    """A refused try is counted although it raises."""
    account, user = AccountFactory.create(), PersonFactory.create()
    link = start(user, number_of(account))
    wrong = f"{(int(linking.code_of(link)) + 1) % 10**6:06d}"
    for _ in range(AccountLink.MAX_ATTEMPTS):
        with pytest.raises(linking.CodeRefused):
            confirm(link, user, wrong)
    with pytest.raises(linking.CodeRefused):
        confirm(link, user, linking.code_of(link))


def test_tries_past_the_limit_write_nothing():
    """Whoever may try could else fill the audit trail, with wrong codes for any number."""
    user = PersonFactory.create()
    for number in (number_of(AccountFactory.create()), "no such number"):
        AuditEvent.objects.all().delete()
        link = start(user, number)
        for _ in range(AccountLink.MAX_ATTEMPTS + 3):
            with pytest.raises(linking.CodeRefused):
                confirm(link, user, "wrong")
        refused = AuditEvent.objects.filter(action="account_link.refused")
        assert refused.count() == AccountLink.MAX_ATTEMPTS
    late = start(user, number_of(AccountFactory.create()))
    later = timezone.now() + timedelta(hours=1)
    with time_machine.travel(later), pytest.raises(linking.CodeRefused):
        confirm(late, user, "wrong")
    assert refused.count() == AccountLink.MAX_ATTEMPTS


def test_the_pages_walk_through(client):
    """From the number to the linked account, in two forms."""
    account, user = AccountFactory.create(), PersonFactory.create()
    client.force_login(user)
    first = client.post(
        reverse("customerdata:account-link"), {"account_number": number_of(account)}
    )
    assert first.status_code == 303
    link = AccountLink.objects.get()
    wrong = client.post(first["Location"], {"code": "12345"})
    assert "six digits" in wrong.content.decode()
    refused = client.post(
        first["Location"], {"code": f"{(int(linking.code_of(link)) + 1) % 10**6:06d}"}
    )
    assert "does not work" in refused.content.decode()
    done = client.post(first["Location"], {"code": linking.code_of(link)}, follow=True)
    assert number_of(account) in done.content.decode()


def test_strangers_cannot_open_an_attempt(client):
    """Another person's attempt does not exist."""
    link = start(PersonFactory.create(), "1")
    client.force_login(PersonFactory.create())
    url = reverse("customerdata:account-link-code", args=[link.link_id])
    assert client.get(url).status_code == 404


def test_attempts_are_limited(client, settings, stopped_clock):
    """The rate limit of the scope "link" counts per person."""
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "link": "1/hour"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    client.force_login(PersonFactory.create())
    url = reverse("customerdata:account-link")
    assert client.post(url, {"account_number": "1"}).status_code == 303
    assert client.post(url, {"account_number": "1"}).status_code == 429


def test_attempts_at_one_number_are_limited_whoever_makes_them(client, settings, stopped_clock):
    """Many sign-ups must not add up to many guesses, or to many mails to one customer."""
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "link": "2/hour"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    url = reverse("customerdata:account-link")
    answers = []
    for spelling in ("12 34", "1234", " 1 2 3 4 ", "other"):
        client.force_login(PersonFactory.create())
        answers.append(client.post(url, {"account_number": spelling}).status_code)
    assert answers == [303, 303, 429, 303]
