"""Answering an authorization request: one transaction from the customer's click to the code.

CDS-WG3-01 9.1.1, 9.2.1.6; CDS-WG1-02 8.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from consent.customer_accounts import catalog
from consent.models import AuthorizationRequest, Grant
from consent.services.authorization.answer import (
    WaitsForAnother,
    answer_with_code,
    answer_with_error,
    first_answer,
    require_person,
)
from consent.services.authorization.fill_grant import authorize_grant, is_waiting_for
from consent.services.authorization.grant_terms import grant_terms
from consent.services.grants.lifecycle import (
    ForbiddenTransition,
    GrantTerms,
    create_grant,
    lock_person,
)
from consent.services.receipts import (
    ReceiptFacts,
    SharedSection,
    client_words,
    issue_receipt,
    purpose_words,
)
from consent.services.sections.choices import (
    Choices,
    Form,
    RequestOver,
    choices_to_json,
    form_of,
)
from portal import audit
from portal.crypto import digest, same
from portal.errors import DomainError
from portal.models import User
from portal.terms import customer_terms, digest_of
from portal.values.jsontext import dumps
from portal.values.times import utility_zone

# Time to sign in again when a session ends under the form; CDS-WG3-01 9.1.2 wants ten minutes.
SIGN_IN_AGAIN = timedelta(minutes=15)


class ProblemKind(StrEnum):
    """What keeps a form from being approved."""

    NOTHING_CHOSEN = "nothing_chosen"
    NOT_YOURS = "not_yours"
    ALL_REMOVED = "all_removed"
    NOT_REMOVABLE = "not_removable"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, and the section it is in."""

    kind: ProblemKind
    section: int = 0


class ChoicesRefused(DomainError):
    """The form cannot be approved as it is; `problems` says where and why.

    `form` is what the choices were checked against, for the page that shows it again.
    """

    code = "choices_refused"

    def __init__(self, problems: Sequence[Problem], form: Form) -> None:
        super().__init__(", ".join(f"{each.section}: {each.kind}" for each in problems))
        self.problems = tuple(problems)
        self.form = form


class RequestNotFound(DomainError):
    """There is no such request, or its client may have no answer."""

    code = "not_found"
    status = 404


class WrongEnvironment(DomainError):
    """The person holds no accounts that clients of this environment may ask for."""

    code = "wrong_environment"
    status = 403


class GrantOfAnother(RequestOver):
    """The Grant that the request names was made for another person (CDS-WG1-02 8.3)."""

    code = "cds_grant_id_invalid_user"


class GrantNotWaiting(RequestOver):
    """The Grant that the request names no longer waits for this authorization (8.3)."""

    code = "cds_grant_id_invalid_value"


class RequestExpired(DomainError):
    """The request was open for too long."""

    code = "request_expired"
    status = 410


def find_request(request_id: str, *, now: datetime) -> AuthorizationRequest:
    """Return a request; raises RequestNotFound, and RequestExpired for unanswered ones."""
    rows = AuthorizationRequest.objects.select_related("client__registration")
    row = rows.filter(request_id=request_id).first()
    # A pushed request must come through the authorization endpoint first (RFC 9126 4).
    if row is None or row.opened is None:
        raise RequestNotFound("no such authorization request")
    _check_client(row)
    if row.outcome == AuthorizationRequest.Outcome.OPEN and row.expires <= now:
        raise RequestExpired("the authorization request has expired")
    return row


@transaction.atomic
def show_request(*, request: AuthorizationRequest, user: User) -> None:
    """Note who is looking at the form: the request now belongs to this person, and stays open.

    Raises WaitsForAnother for everybody but the first.
    """
    rows = AuthorizationRequest.objects.filter(Q(user=None) | Q(user=user), pk=request.pk)
    if not rows.update(user=user, expires=Greatest(F("expires"), _open_until())):
        raise WaitsForAnother("the authorization request is waiting for another person")
    request.user = user


def _open_until() -> datetime:
    """Return until when a request stays open that its customer sees now (CDS-WG3-01 9.1.2).

    It outlives the session: after a new sign-in the form is still there.
    """
    session = timedelta(seconds=settings.SESSION_COOKIE_AGE) + SIGN_IN_AGAIN
    lifetime = timedelta(seconds=settings.AUTHORIZATION_REQUEST_SECONDS)
    return timezone.now() + max(session, lifetime)


@transaction.atomic
def release_request(*, request: AuthorizationRequest) -> None:
    """Let another account take the request over; the choices were the first one's."""
    row = AuthorizationRequest.objects.select_for_update().get(pk=request.pk)
    if row.outcome == AuthorizationRequest.Outcome.OPEN:
        row.user, row.choices = None, {}
        row.save(update_fields=["user", "choices"])


@transaction.atomic
def keep_choices(*, request: AuthorizationRequest, user_pk: int, choices: Choices) -> None:
    """Keep what this person ticked, so that a detour (sign-in, search, language) loses nothing."""
    _open_to(request, user_pk).update(choices=choices_to_json(choices))


@transaction.atomic
def extend_request(*, request: AuthorizationRequest, user: User) -> None:
    """Keep the form open for a customer who is still there (CDS-WG3-01 9.1.2)."""
    _open_to(request, user.pk).update(expires=Greatest(F("expires"), _open_until()))


def _open_to(request: AuthorizationRequest, user_pk: int) -> QuerySet[AuthorizationRequest]:
    """Return the row while this person has its form: another may have taken it over."""
    rows: QuerySet[AuthorizationRequest] = AuthorizationRequest.objects.filter(
        pk=request.pk, user=user_pk, outcome=AuthorizationRequest.Outcome.OPEN
    )
    return rows


def grant_asked_for(request: AuthorizationRequest) -> Grant | None:
    """Return the Grant that the request wants authorized again, None when it names none."""
    grant_id = request.params.get("cds_grant_id")
    if not grant_id:
        return None
    found: Grant | None = Grant.objects.filter(
        grant_id=grant_id, client__registration=request.client.registration
    ).first()
    return found


def check_person(request: AuthorizationRequest, user: User) -> None:
    """Raise WrongEnvironment, GrantOfAnother or GrantNotWaiting unless this person may answer."""
    if not catalog().can_authorize(user, environment=request.client.environment):
        raise WrongEnvironment(f"no accounts for clients in {request.client.environment}")
    if request.params.get("cds_grant_id"):
        grant = grant_asked_for(request)
        if grant is None or grant.user_id != user.pk:
            raise GrantOfAnother("The Grant was made for another user.")
        if not is_waiting_for(grant, _asked(request)):
            raise GrantNotWaiting("The Grant is no longer waiting for this authorization.")


def _asked(request: AuthorizationRequest) -> frozenset[str]:
    return frozenset(entry["type"] for entry in request.access)


def form_mark(request: AuthorizationRequest, user_pk: int) -> str:
    """Return the mark of the form as this person sees it now (CDS-WG3-01 9.2.1.3, 9.2.2.4).

    A company knows the address of the form, and may change its name or purposes while a customer
    reads; the utility may change its terms. Only an answer with the mark of the form counts as this
    person's, for these words.
    """
    client = request.client
    purposes = [purpose_words(client, entry.get("purpose")) for entry in request.entries]
    terms = digest_of(customer_terms())
    shown = [request.request_id, user_pk, client_words(client), purposes, terms]
    return digest(dumps(shown).decode(), purpose="authorization-form")


def is_marked(request: AuthorizationRequest, user_pk: int, mark: str) -> bool:
    """Whether an answer comes from the form that was shown to this person, in today's words."""
    return same(mark, form_mark(request, user_pk))


@transaction.atomic
def approve_authorization_request(
    *, request: AuthorizationRequest, user: User, choices: Choices, mark: str, by: User
) -> str:
    """Approve a request with these choices; return the URL for the customer's browser.

    Creates the Grant with absolute time spans, its selections and the receipt, promises the
    receipt mail and answers with a code, all or nothing. A repeated call returns the first answer.
    `mark` is the form's (`form_mark`): the receipt holds no words that the customer did not see.
    Raises WaitsForAnother, RequestNotFound, RequestExpired, WrongEnvironment, ChoicesRefused, and a
    RequestOver for what is over under the form. CDS-WG3-01 7.3, 9.1.1, 9.4.
    """
    row = _locked(request, user)
    lock_person(user.pk)
    if row.outcome != AuthorizationRequest.Outcome.OPEN:
        return first_answer(row, user)
    now = timezone.now()
    if row.expires <= now:
        raise RequestExpired("the authorization request has expired")
    check_person(row, user)
    # Put together under the locks, not taken from the page: since then services may have changed
    # hands, scopes may have left the offer, and what is shared must be what the person holds now.
    form = form_of(row, user)
    if not is_marked(row, user.pk, mark):
        raise ChoicesRefused([Problem(ProblemKind.CHANGED)], form)
    check_choices(form, choices)
    shared = tuple(
        SharedSection(section, section.chosen(choices))
        for section in form.sections
        if section.index not in choices.removed
    )
    terms = grant_terms(shared, order=[entry["type"] for entry in row.access], now=now)
    grant = _grant(row, user, terms, now=now, by=by)
    issue_receipt(
        grant=grant,
        facts=ReceiptFacts(
            client=row.client, sections=shared, offers=form.offers, now=now, zone=utility_zone()
        ),
        by=by,
    )
    audit.record(
        "consent.approved",
        by=by,
        subject=f"grant:{grant.grant_id}",
        registration=row.client.registration.registration_id,
        details={"request": row.pk, "removed": sorted(choices.removed)},
    )
    return answer_with_code(request=row, grant=grant, user=user)


@transaction.atomic
def decline_authorization_request(
    *, request: AuthorizationRequest, by: User | str, error: str = "access_denied"
) -> str:
    """Decline a request; return the URL for the customer's browser.

    `error` is what the client learns: `no_preselections` after the preselection error page
    (CDS-WG3-01 7.4.3). A repeated call returns the first answer. Raises WaitsForAnother for
    another person's request, for a stranger once it is approved, and RequestNotFound.
    """
    user = by if isinstance(by, User) else None
    row = _locked(request, user)
    if row.outcome == AuthorizationRequest.Outcome.OPEN:
        audit.record("consent.declined", by=by, subject=f"request:{row.pk}")
    return answer_with_error(
        request=row, user=user, error=error, description="The customer declined the request."
    )


@transaction.atomic
def refuse_authorization_request(
    *, request: AuthorizationRequest, error: str, description: str, by: User
) -> str:
    """End a request that can no longer be answered; return the URL for the person's browser.

    A repeated call returns the first answer. Raises WaitsForAnother and RequestNotFound.
    """
    row = _locked(request, by)
    return answer_with_error(request=row, user=by, error=error, description=description)


def check_choices(form: Form, choices: Choices) -> None:
    """Raise ChoicesRefused unless every kept section has a choice the customer may make."""
    sections = form.sections
    problems = [
        Problem(ProblemKind.NOT_REMOVABLE, index)
        for index in sorted(choices.removed)
        if index >= len(sections) or not sections[index].is_modifiable
    ]
    kept = [section for section in sections if section.index not in choices.removed]
    if not kept:
        problems.append(Problem(ProblemKind.ALL_REMOVED))
    for section in kept:
        choice = section.chosen(choices)
        if choice.selected - section.available_ids:
            problems.append(Problem(ProblemKind.NOT_YOURS, section.index))
        elif not choice.selected and not choice.later:
            problems.append(Problem(ProblemKind.NOTHING_CHOSEN, section.index))
    if problems:
        raise ChoicesRefused(problems, form)


def _locked(request: AuthorizationRequest, user: User | None) -> AuthorizationRequest:
    """Return the current row, locked, if this person may answer it.

    What a page has read before says nothing: the answer may have been given since, by its person.
    """
    rows = AuthorizationRequest.objects.select_for_update(of=("self",))
    row: AuthorizationRequest = rows.select_related("client__registration").get(pk=request.pk)
    require_person(row, user)
    _check_client(row)
    return row


def _check_client(row: AuthorizationRequest) -> None:
    """A disabled Client gets no consent and no visitors from us, nor does an address it removed."""
    if not row.client.is_enabled:
        raise RequestNotFound("the client of the authorization request was disabled")
    is_open = row.outcome == AuthorizationRequest.Outcome.OPEN
    if is_open and not row.client.redirect_uri_allowed(row.params["redirect_uri"]):
        raise RequestNotFound("the redirect URI of the authorization request was removed")


def _grant(
    row: AuthorizationRequest, user: User, terms: GrantTerms, *, now: datetime, by: User
) -> Grant:
    waiting = grant_asked_for(row)
    state = row.params.get("state")
    if waiting is None:
        return create_grant(
            client=row.client, user=user, terms=terms, created=now, state=state, by=by
        )
    try:
        return authorize_grant(
            grant=waiting, user=user, terms=terms, asked=_asked(row), state=state, by=by
        )
    except ForbiddenTransition as error:
        raise GrantNotWaiting(error.message) from error
