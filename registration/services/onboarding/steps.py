"""What happens on the page of each requirement: codes, forms, files, payments, sign-in (3.6)."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal import crypto
from portal.background import mail, mail_shares
from portal.errors import DomainError
from portal.http import ratelimits
from portal.ids import typed_code
from portal.models import User
from registration.errors import InvalidRequest
from registration.fields.files import pdf_file
from registration.fields.types import FieldType
from registration.models import Message
from registration.models.onboarding import Requirement, VerificationCode
from registration.services.catalogue.fields import store_file
from registration.services.clients.website_and_logo import promise_website_checks
from registration.services.locks import lock_requirement
from registration.services.onboarding.decide import approve_requirement, submit
from registration.services.onboarding.requirements import (
    ForbiddenStep,
    field_of,
    record,
    requirement_of,
)
from registration.services.onboarding.start import first_mail_address
from registration.services.storage.room import take_room_for_form
from registration.services.storage.stored_files import no_orphans

CODE_TASK = "registration.tasks.send_onboarding_code"
CODE_VALID_FOR = timedelta(minutes=30)
SHARE = mail_shares.Share("code", ((timedelta(hours=1), 10), (timedelta(days=1), 20)))
_DIGEST = "onboarding-code"


class CodeRefused(DomainError):
    """The code is wrong, expired or used, or was tried too often."""

    code = "code_refused"


class TermsChanged(DomainError):
    """The terms have changed since the page was shown."""

    code = "terms_changed"
    status = 409


def require_type(requirement: Requirement, type_: FieldType) -> None:
    """Raise ForbiddenStep when a page of one flow is used for another."""
    if requirement.type != type_:
        raise ForbiddenStep("This page is for a different step.")


@transaction.atomic
def send_code(*, requirement: Requirement, language: str, by: User | str) -> VerificationCode:
    """Create a new code and schedule the email with it; earlier codes stop working.

    Raises TooManyRequests past the number of codes that one address can get, and ForbiddenStep if
    there is nothing to verify.
    """
    requirement = lock_requirement(requirement)
    require_type(requirement, FieldType.EMAIL_VERIFICATION)
    address = first_mail_address(requirement.registration.contacts)
    if requirement.status != Requirement.Status.OPEN or not address:
        raise ForbiddenStep("There is no address to verify.")
    # Must not be guessable with any number of addresses and links, because it proves control of a
    # domain.
    text = typed_code()
    code: VerificationCode = VerificationCode.objects.create(
        requirement=requirement,
        address=address,
        digest=_digest(requirement, plain_code(text)),
        ciphertext=crypto.encrypt(text),
        expires=timezone.now() + CODE_VALID_FOR,
    )
    wait = mail_shares.promise(
        SHARE, CODE_TASK, code.pk, language, address=address, key=str(code.pk)
    )
    if wait is not None:
        raise ratelimits.TooManyRequests(int(wait.total_seconds()))
    record(requirement, "code_sent", by=by)
    return code


def mail_code(code_pk: int, *, language: str) -> None:
    """Email a code that can still be used.

    It contains no text of the third party, because anyone who registers chooses both the text and
    the address.
    """
    code = VerificationCode.objects.get(pk=code_pk)
    if code.expires <= timezone.now() or not code.ciphertext:
        return
    context = {
        "code": crypto.decrypt(code.ciphertext),
        "minutes": CODE_VALID_FOR.seconds // 60,
    }
    mail.send("onboarding_code", to=code.address, language=language, context=context)


def confirm_code(*, requirement: Requirement, code: str, by: User | str) -> Requirement:
    """Verify the address if the code is right; every attempt counts.

    Raises CodeRefused, with the same text whatever the reason.
    """
    if not _try_code(requirement=requirement, text=plain_code(code), by=by):
        raise CodeRefused(str(_("This code does not work. Check it, or request a new one.")))
    requirement.refresh_from_db()
    return requirement


@transaction.atomic
def _try_code(*, requirement: Requirement, text: str, by: User | str) -> bool:
    """Count the attempt; does not raise for a wrong code, so that the count is committed.

    An attempt past the limit, or with an expired code, changes nothing and is not recorded as an
    event.
    """
    requirement = lock_requirement(requirement)
    require_type(requirement, FieldType.EMAIL_VERIFICATION)
    code = requirement.codes.order_by("-created", "-pk").first()
    if code is None or requirement.status != Requirement.Status.OPEN:
        return False
    if code.expires <= timezone.now() or code.attempts >= VerificationCode.MAX_ATTEMPTS:
        return False
    code.attempts += 1
    is_right = crypto.same(code.digest, _digest(requirement, text))
    if is_right:
        code.ciphertext = ""
    code.save(update_fields=["attempts", "ciphertext"])
    if not is_right:
        record(requirement, "code_refused", by=by)
        return False
    requirement.answer = {"address": code.address}
    requirement.save(update_fields=["answer"])
    approve_requirement(requirement=requirement, note="The email address is verified.", by=by)
    promise_website_checks(registration=requirement.registration)
    return True


def plain_code(text: str) -> str:
    """Return a code in the form that is compared: capital letters, without separators."""
    return "".join(char for char in text.upper() if char.isalnum())


def _digest(requirement: Requirement, text: str) -> str:
    return crypto.digest(f"{requirement.requirement_id}:{text}", purpose=_DIGEST)


def terms_digest(body: Sequence[str]) -> str:
    """Return the digest that identifies a text of terms."""
    return hashlib.sha256("\n".join(body).encode()).hexdigest()


def accept_terms(
    *, requirement: Requirement, shown: str, name: str, title: str, by: User | str
) -> Requirement:
    """Accept the typed name of a person who accepts the terms, with the text that was shown.

    `shown` is the digest of the text that the page showed. Raises TermsChanged if staff have
    changed the text since.
    """
    require_type(requirement, FieldType.ONLINE_FORM)
    body = list(field_of(requirement).body)
    digest = terms_digest(body)
    if not crypto.same(shown, digest):
        raise TermsChanged(
            str(_("These terms have changed since you opened the page. Read them again."))
        )
    answer = {
        "name": name,
        "title": title,
        "at": timezone.now().isoformat(),
        "text": body,
        "sha256": digest,
    }
    return submit(requirement=requirement, answer=answer, by=by)


@no_orphans()
@transaction.atomic
def hand_in_pdf(*, requirement: Requirement, content: bytes, by: User | str) -> Requirement:
    """Accept the completed form from the page.

    Raises InvalidRequest for anything but a PDF file, and what `storage.room` raises.
    """
    requirement = lock_requirement(requirement)
    require_type(requirement, FieldType.PDF_FORM)
    try:
        file = pdf_file(content, max_size=field_of(requirement).max_size)
    except ValueError as error:
        raise InvalidRequest(f"The file {error}.", field="attachments") from error
    take_room_for_form(requirement=requirement, asked=field_of(requirement), size=len(file.content))
    stored = store_file(
        registration=requirement.registration, field_id=requirement.field_id, file=file
    )
    return submit(requirement=requirement, file=stored, by=by)


@transaction.atomic
def hand_in_pdf_message(
    *, request: Message, content: bytes | None = None, uri: str = "", by: User | str
) -> Requirement | None:
    """Accept the completed form from a client_submission to a pdf_form_request (decision 28).

    `content` is the attached file; a `uri` is stored for staff to open, and never fetched. Returns
    None if the Message is not a request for a form. Raises InvalidRequest without a file or uri.
    """
    requirement = requirement_of(request)
    if requirement is None or requirement.type != FieldType.PDF_FORM:
        return None
    if content is not None:
        return hand_in_pdf(requirement=requirement, content=content, by=by)
    if not uri:
        raise InvalidRequest("Attach the completed PDF file, or send its uri.", field="attachments")
    return submit(requirement=requirement, answer={"uri": uri}, by=by)


def report_payment(*, requirement: Requirement, by: User | str) -> Requirement:
    """Record that the payer has announced a payment; only staff or a provider can confirm it."""
    require_type(requirement, FieldType.PAYMENT_REQUIRED)
    return submit(requirement=requirement, answer={"reported": timezone.now().isoformat()}, by=by)


def link_customer(*, requirement: Requirement, user: User) -> Requirement:
    """Link the signed-in person's account to the registration, for self-access (3.6)."""
    require_type(requirement, FieldType.SSO_VERIFICATION)
    return submit(requirement=requirement, customer=user, by=user)
