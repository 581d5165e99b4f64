"""What makes second-factor codes is sealed in the database, and still makes them."""

from importlib import import_module
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.core.management import call_command

from customerdata.demo.people import lasting_code
from portal.crypto import decrypt, encrypt
from portal.models import AuditEvent, User

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def sam() -> User:
    """Somebody with app and recovery codes."""
    user = User.objects.create_user("sam@example.com")
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def stored() -> dict[str, dict[str, Any]]:
    """Return what the database holds."""
    return {row.type: row.data for row in Authenticator.objects.all()}


def works(user: User) -> bool:
    """Whether the app's code is taken."""
    totp = Authenticator.objects.get(user=user, type="totp")
    return bool(TOTP(totp).validate_code(lasting_code(SECRET)))


def test_no_secret_lies_in_clear(sam: User) -> None:
    """Whoever reads a dump makes no codes."""
    assert decrypt(stored()["totp"]["secret"]) == SECRET
    assert SECRET not in str(stored())
    assert len(decrypt(stored()["recovery_codes"]["seed"])) == 80
    assert works(sam)


def test_what_lay_in_clear_is_sealed(sam: User) -> None:
    """Once: running the migration again changes nothing."""
    codes = {"migrated_codes": ["11112222", "33334444"], "used_mask": 1}
    Authenticator.objects.filter(type="totp").update(data={"secret": SECRET})
    Authenticator.objects.filter(type="recovery_codes").update(data=codes)
    seal = import_module("portal.migrations.0003_encrypt_second_factors").seal
    seal(apps, None)
    first = stored()
    seal(apps, None)
    assert stored() == first
    assert works(sam)
    sealed = first["recovery_codes"]
    assert [decrypt(code) for code in sealed["migrated_codes"]] == codes["migrated_codes"]
    assert sealed["used_mask"] == 1


def test_an_old_key_can_be_retired(sam: User, settings: Any, capsys: Any) -> None:
    """The command moves second factors with everything else."""
    old, new = settings.FIELD_ENCRYPTION_KEYS, [Fernet.generate_key().decode()]
    Authenticator.objects.filter(type="recovery_codes").update(
        data={"migrated_codes": [encrypt("11112222")], "used_mask": 0}
    )
    settings.FIELD_ENCRYPTION_KEYS = [*new, *old]
    call_command("reencrypt_secrets")
    assert "2 second factors" in capsys.readouterr().out
    settings.FIELD_ENCRYPTION_KEYS = new
    assert works(sam)
    assert decrypt(stored()["recovery_codes"]["migrated_codes"][0]) == "11112222"
    assert AuditEvent.objects.filter(action="second_factors.reencrypted").count() == 1


def test_without_the_old_key_nothing_is_lost(sam: User, settings: Any) -> None:
    """A wrong configuration fails loudly and leaves every row as it was."""
    before = stored()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(InvalidToken):
        call_command("reencrypt_secrets")
    assert stored() == before
