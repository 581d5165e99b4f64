"""The demo's logins (all with one password) and the second factors of its staff."""

import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ObjectDoesNotExist

from portal.models import User
from portal.sign_in.allauth_private import totp

PASSWORD = "demo-password-2026"  # noqa: S105 -- published: the demo's customers are made up
TIME_TO_TYPE = 5  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A person who can sign in to the demo."""

    who: str
    is_staff: bool = False
    is_superuser: bool = False

    @property
    def needs_code(self) -> bool:
        """Whether sign-in asks for a second factor."""
        return self.is_staff


LOGINS: Mapping[str, Login] = {
    "ana": Login(who="home with solar panels: electricity every 15 minutes, and gas"),
    "bo": Login(who="three shops: 3 accounts, 24 services, demand"),
    "cleo": Login(who="enterprise: 40 sub-accounts, 1,200 services"),
    "dan": Login(who="home with gas only"),
    "eve": Login(who="tenant in building B1111"),
    "fay": Login(who="moved house; new meter; gaps and corrected readings"),
    "gil": Login(who="not a test customer: for production clients"),
    "dev": Login(who="developer with sandbox and production clients"),
    "staff": Login(who="moderator, needs a code", is_staff=True),
    "admin": Login(who="administrator, needs a code", is_staff=True, is_superuser=True),
}


def address_of(login: str) -> str:
    """Return the email address of a login, given with or without its domain."""
    return login if "@" in login else f"{login}@example.com"


def person(login: str) -> User:
    """Return the user of a login. Raises User.DoesNotExist."""
    return User.objects.get_by_natural_key(address_of(login))


def create_people() -> None:
    """Create the missing logins; existing ones are not changed."""
    known = set(
        User.objects.filter(email__in=map(address_of, LOGINS)).values_list("email", flat=True)
    )
    missing = {name: login for name, login in LOGINS.items() if address_of(name) not in known}
    if not missing:
        return
    # Hashing is slow by design, so all share one hash.
    password = make_password(PASSWORD)
    users = User.objects.bulk_create(
        User(
            email=address_of(name),
            name=name.title(),
            password=password,
            is_staff=login.is_staff,
            is_superuser=login.is_superuser,
        )
        for name, login in missing.items()
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    for user in users:
        if user.is_staff:
            totp.TOTP.activate(user, demo_totp_secret(user.email))


def demo_totp_secret(email: str) -> str:
    """Return the published second-factor secret of a demo login, in base 32."""
    digest = hashlib.sha256(f"demo second factor of {email}".encode()).digest()
    return base64.b32encode(digest[:20]).decode()


def current_code(login: str) -> str:
    """Return a code for sign-in. Raises LookupError when there is no such login.

    May wait a few seconds: see `lasting_code`.
    """
    try:
        factor = Authenticator.objects.get(
            user__email=address_of(login), type=Authenticator.Type.TOTP
        )
    except ObjectDoesNotExist as error:
        raise LookupError(f"{address_of(login)} has no second factor.") from error
    return lasting_code(totp.decrypt(factor.data["secret"]))


def lasting_code(secret: str) -> str:
    """Return a code of a second factor that stays valid for at least a few seconds.

    Codes change with the clock, so a code read just before a change is refused when it arrives. In
    the last seconds of a code, this waits for the next one.
    """
    left = mfa_settings.TOTP_PERIOD - time.time() % mfa_settings.TOTP_PERIOD
    if left < TIME_TO_TYPE:
        time.sleep(left)
    counters = list(totp.yield_hotp_counters_from_time())
    value = totp.hotp_value(secret, counters[len(counters) // 2])
    code: str = totp.format_hotp_value(value)
    return code
