"""Links a person who signed up to the utility's accounts.

The person enters an account number, and a six-digit code is mailed to the contact that the utility
has on file. The answer is the same whether the number exists, has a contact or is already linked:
only the owner of the contact learns anything.
"""

import re
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from consent.services.grants.lifecycle import lock_person
from customerdata.models import Account, AccountHolder, AccountLink, AccountVersion
from customerdata.services.links.follow import follow_link
from portal import audit
from portal.background import mail, mail_shares
from portal.background.outbox import enqueue
from portal.crypto import digest, same
from portal.errors import DomainError
from portal.models import User

VALID_FOR = timedelta(minutes=15)
TASK = "customerdata.tasks.promise_link_code"
MAIL_TASK = "customerdata.tasks.send_link_code"
# Signing up is cheap, and an attacker may know the numbers of many accounts of one customer.
SHARE = mail_shares.Share("link", ((timedelta(hours=1), 10), (timedelta(days=1), 20)))

_NOT_A_NUMBER = re.compile(r"[\s\x00-\x1f]+")


class CodeRefused(DomainError):
    """The code is wrong, expired or used, or was tried too often."""

    code = "link_refused"


def code_of(link: AccountLink) -> str:
    """Return the six-digit code of an attempt, which only our key can compute."""
    value = int(digest(link.link_id, purpose="account-link-code"), 16)
    return f"{value % 1_000_000:06d}"


@transaction.atomic
def start_link(*, user: User, account_number: str, language: str, by: User) -> AccountLink:
    """Start linking an account, and mail the code to the contact on file if there is one."""
    link = AccountLink.objects.create(
        user=user,
        account=_account(plain_number(account_number)),
        expires=timezone.now() + VALID_FOR,
    )
    audit.record("account_link.requested", by=by, subject=f"account_link:{link.link_id}")
    # Also for unknown numbers, so that the answer does not take longer for a real one.
    enqueue(TASK, link.link_id, language)
    return link


def plain_number(account_number: str) -> str:
    """Return an account number without the separators that bills print and people type."""
    return _NOT_A_NUMBER.sub("", account_number)


def _account(account_number: str) -> Account | None:
    """Return the account with this number, None if none or several have it."""
    found = AccountVersion.objects.current().filter(account_number=account_number)
    versions = list(found.select_related("account")[:2])
    return versions[0].account if len(versions) == 1 else None


@transaction.atomic
def promise_code(link_id: str, *, language: str) -> None:
    """Queue the mail with the code for the contact on file, unless it has reached its limit."""
    link = _open_link(link_id)
    address = contact_address(link.account) if link and link.account else ""
    if address:
        mail_shares.promise(SHARE, MAIL_TASK, link_id, language, address=address, key=link_id)


def send_code(link_id: str, *, language: str) -> None:
    """Mail the code of an open attempt; do nothing if no account has the number."""
    link = _open_link(link_id)
    address = contact_address(link.account) if link and link.account else ""
    if link and address:
        context = {"code": code_of(link), "minutes": VALID_FOR.seconds // 60}
        mail.send("account_link", to=address, language=language, context=context)


def _open_link(link_id: str) -> AccountLink | None:
    """Return the attempt if its code can still be used."""
    link = AccountLink.objects.select_related("account__customer").get(link_id=link_id)
    return link if link.used is None and link.expires > timezone.now() else None


def contact_address(account: Account) -> str:
    """Return the email address on file: the account's preferred one, else the customer's."""
    version = AccountVersion.objects.current().filter(account=account).first()
    contacts = [c for c in (version.contacts if version else []) if "email" in c["types"]]
    contacts.sort(key=lambda contact: "preferred" not in contact["types"])
    return str(contacts[0]["value"]) if contacts else account.customer.contact_email


def confirm_link(*, link_id: str, code: str, user: User, by: User) -> AccountHolder:
    """Link the account if the code is right; every attempt counts.

    Raises CodeRefused, with the same message for every reason.
    """
    holder = _try_code(link_id=link_id, code=code, user=user, by=by)
    if holder is None:
        raise CodeRefused(
            str(_("This code does not work. Check it, or ask for a new one after 15 minutes."))
        )
    return holder


@transaction.atomic
def _try_code(*, link_id: str, code: str, user: User, by: User) -> AccountHolder | None:
    """Count the attempt and return the new link; does not raise, so that the count is kept.

    An attempt over the limit, or with an expired code, changes nothing and is not audited.
    """
    link = (
        AccountLink.objects.select_for_update(of=("self",))
        .filter(link_id=link_id, user=user)
        .first()
    )
    if link is None:
        return None
    now = timezone.now()
    is_open = link.used is None and now < link.expires
    if not is_open or link.attempts >= AccountLink.MAX_ATTEMPTS:
        return None
    link.attempts += 1
    subject = f"account_link:{link.link_id}"
    if link.account is None or not same(code_of(link), code.strip()):
        link.save(update_fields=["attempts"])
        audit.record("account_link.refused", by=by, subject=subject)
        return None
    link.used = now
    link.save(update_fields=["attempts", "used"])
    audit.record("account_link.confirmed", by=by, subject=subject)
    return link_account(user=user, account=link.account, by=by)


@transaction.atomic
def link_account(
    *, user: User, account: Account, asserted_by: str = "", by: User | str
) -> AccountHolder:
    """Allow a person to act for an account; linking it again changes nothing.

    `asserted_by` is the OpenID provider and subject whose claims are the reason. Grants that
    include future services include what hangs on the account (ADR 7).
    """
    # Otherwise the link and an approval at the same time would not see each other.
    lock_person(user.pk)
    holder, created = AccountHolder.objects.get_or_create(
        user=user, account=account, ended=None, defaults={"asserted_by": asserted_by}
    )
    if created:
        audit.record(
            "account.linked",
            by=by,
            subject=f"account:{account.cds_account_id}",
            details={"user": user.pk},
        )
        follow_link(holder=holder, by=by)
    return holder
