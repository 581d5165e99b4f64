"""Retiring an encryption key."""

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import call_command

from portal.models import AuditEvent
from registration.models import Credential
from tests.factories.registration import CredentialFactory

pytestmark = pytest.mark.django_db


def test_an_old_key_can_be_retired(settings, capsys):
    """Secrets stay the same, the old key is no longer needed, nothing counts as modified."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    credentials = [CredentialFactory.create() for _ in range(3)]
    before = {c.pk: (c.secret, c.modified) for c in credentials}
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    call_command("reencrypt_secrets")
    assert "3 secrets" in capsys.readouterr().out
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert {c.pk: (c.secret, c.modified) for c in Credential.objects.all()} == before
    assert AuditEvent.objects.filter(action="credentials.reencrypted").count() == 1


def test_without_the_old_key_nothing_is_lost(settings):
    """A wrong configuration fails loudly and leaves every row as it was."""
    credential = CredentialFactory.create()
    stored = credential.secret_ciphertext
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(InvalidToken):
        call_command("reencrypt_secrets")
    credential.refresh_from_db()
    assert credential.secret_ciphertext == stored
