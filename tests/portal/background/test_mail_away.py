"""While the mail server is away people sign up and ask for passwords; the mails follow."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from portal.background.outbox import run
from portal.celery import app as celery_app
from portal.models import OutboxEntry, User

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"


class Away(BaseEmailBackend):
    """Nothing listens there."""

    def send_messages(self, email_messages):
        """Fail as smtplib does."""
        raise ConnectionRefusedError(111, "Connection refused")


@pytest.fixture
def away(settings):
    """Take the server away; return what brings it back and sends what waits."""
    celery_app.loader.import_default_modules()
    there = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "tests.portal.background.test_mail_away.Away"

    def back():
        settings.EMAIL_BACKEND = there
        run(OutboxEntry.objects.get(task="portal.tasks.send_stored_mail").pk)
        (message,) = mail.outbox
        return message

    return back


def test_signing_up_goes_on(client, away):
    """The page says that a mail is coming, and it does."""
    fields = {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    page = client.post("/accounts/signup/", fields, follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/confirm-email/"
    message = away()
    assert message.to == ["new@example.com"]
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", message.body)
    assert link
    client.post(link[1])
    assert EmailAddress.objects.get(email="new@example.com").verified


def test_a_link_that_opens_an_account_is_not_stored_in_clear(client, away):
    """Whoever reads the database, or its backup, must not take over accounts with it."""
    user = User.objects.create_user("ana@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    answer = client.post("/accounts/password/reset/", {"email": user.email})
    assert answer["Location"] == "/accounts/password/reset/done/"
    (stored,) = OutboxEntry.objects.get().args
    assert "reset" not in stored
    assert "ana@" not in stored
    assert "/accounts/password/reset/key/" in away().body


def test_mails_of_sign_in_go_at_once(client, db, django_capture_on_commit_callbacks):
    """A person waits for them with the page open: a worker hears of each on commit."""
    fields = {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    with django_capture_on_commit_callbacks() as nudges:
        client.post("/accounts/signup/", fields)
    entry = OutboxEntry.objects.get(task="portal.tasks.send_stored_mail")
    assert entry.not_before <= timezone.now()
    assert len(nudges) == 1


def test_it_is_tried_again_until_the_server_is_back(client, away):
    """A failed try keeps the promise."""
    fields = {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", fields)
    entry = OutboxEntry.objects.get(task="portal.tasks.send_stored_mail")
    run(entry.pk)
    entry.refresh_from_db()
    assert (entry.status, entry.attempts) == (OutboxEntry.Status.READY, 1)
    assert "Connection refused" in entry.error
    assert away().to == ["new@example.com"]
