"""What a mail says arrives as it was written."""

import re
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

from portal import settings as portal_settings
from portal.background.mail import send
from portal.background.mail_backends import SmtpBackend
from portal.vendoring import ROOT
from tests.mails import delivered

SUBJECTS = sorted((ROOT / "templates" / "emails").glob("*/subject.txt"))
NAME = "O'Hara Gas & Electric <Co>"


@pytest.mark.parametrize("is_question", [True, False])
@pytest.mark.parametrize("path", SUBJECTS, ids=lambda path: path.parent.name)
def test_names_in_subjects_are_text(path, is_question):
    """A subject is no HTML: an ampersand is one character."""
    context = {
        "utility": SimpleNamespace(name=NAME),
        "company": NAME,
        "page": SimpleNamespace(company=NAME),
        "is_question": is_question,
    }
    assert NAME in render_to_string(f"emails/{path.parent.name}/subject.txt", context)


@pytest.fixture
def sent(settings, tmp_path):
    """Write mails to files, as the demo does; return what reads the one that was written."""
    settings.EMAIL_BACKEND = "portal.background.mail_backends.FileBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    settings.DEFAULT_FROM_EMAIL = "Énergie Río <no-reply@energie.example>"

    def read():
        (path,) = tmp_path.iterdir()
        return BytesParser(policy=policy.default).parsebytes(path.read_bytes())

    return read


def test_a_mail_has_the_headers_that_machines_read(sent):
    """No out-of-office answers, an id of the sender's domain, a date, text beside HTML, UTF-8."""
    send("account_link", to="ana@example.com", language="en", context={"code": "1", "minutes": 15})
    message = sent()
    assert message["From"] == "Énergie Río <no-reply@energie.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[^<>@\s]+@energie\.example>", message["Message-ID"])
    written = parsedate_to_datetime(message["Date"]).replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - written) < timedelta(minutes=5)
    kinds = [(part.get_content_type(), part.get_content_charset()) for part in message.iter_parts()]
    assert kinds == [("text/plain", "utf-8"), ("text/html", "utf-8")]


def test_mails_of_sign_in_have_them_too(client, sent, db):
    """The library writes them."""
    client.post(
        "/accounts/signup/",
        {
            "email": "new@example.com",
            "password1": "a-long-password",
            "password2": "a-long-password",
        },
    )
    delivered()
    assert sent()["Auto-Submitted"] == "auto-generated"


def test_what_a_message_says_of_itself_stays(sent):
    """A header that somebody set is not set again."""
    headers = {"Auto-Submitted": "auto-replied"}
    message = EmailMessage("s", "b", None, ["ana@example.com"], headers=headers)
    get_connection().send_messages([message])
    assert sent()["Auto-Submitted"] == "auto-replied"


class Recorder(SmtpBackend):
    """A server that takes everything."""

    def open(self):
        """Be the connection too."""
        self.connection: Any = self
        return True

    def close(self):
        """Hang up."""
        self.connection = None

    def sendmail(self, sender, recipients, content, **options):
        """Note what came."""
        self.taken = (sender, recipients, BytesParser(policy=policy.default).parsebytes(content))


def test_smtp_sends_them(settings):
    """The door of a production server."""
    assert portal_settings.EMAIL_BACKEND == "portal.background.mail_backends.SmtpBackend"
    server = Recorder()
    sender = "Énergie Río <no-reply@energie.example>"
    assert server.send_messages([EmailMessage("Reçu", "ñ", sender, ["ana@example.com"])]) == 1
    _, recipients, message = server.taken
    assert recipients == ["ana@example.com"]
    assert message["Subject"] == "Reçu"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@energie.example>")
