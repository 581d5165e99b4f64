"""Ends a person's link to an account, and updates the Grants given over it (ADR 5).

A person who moved out shared the past, not what comes later: companies get no newer data. A link
that should never have existed no longer shows anything at all.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone, translation

from consent.customer_accounts import catalog
from consent.models import Grant, Receipt, Selection
from consent.services.grants.change_by_utility import disable_grant, report_data_state
from consent.services.grants.lifecycle import MAY_STOP, lock_grant, lock_person, tell_client
from customerdata.access.compute import compute_grant
from customerdata.access.entries import holdings
from customerdata.kinds.wire import masked
from customerdata.models import AccountHolder, AccountVersion, GrantedObject
from customerdata.services.recomputation import request_recomputation
from portal import audit
from portal.background import mail
from portal.background.outbox import enqueue
from portal.errors import DomainError
from portal.models import User
from portal.values.times import utility_zone
from portal.values.wording import moment_words

Status = Grant.Status
# Entry, kind, primary key and cutoff of each row.
Shown = frozenset[tuple[int, str, int, datetime]]
TASK = "customerdata.tasks.send_account_unlinked"

_WHY = "the customer's account is no longer linked"


class LinkRefused(DomainError):
    """The link cannot be ended; the message says why."""

    code = "invalid_request"


@transaction.atomic
def end_link(
    *,
    holder: AccountHolder,
    reason: str,
    mistaken: bool = False,
    withdrawn: bool = False,
    by: User | str,
) -> AccountHolder:
    """End a person's link to an account now; the person gets an email with the reason.

    Grants given over the account show it as of now and nothing newer; a Grant that shows
    nothing else becomes `stopped` (CDS-WG1-02 8.2). With `mistaken`, they show nothing of it, and
    a Grant that shows nothing else is disabled. Clients whose Grants change get a Message.
    `withdrawn` says that the claims that created the link can create it again.
    Raises LinkRefused for a link that has already ended, or without a reason.
    """
    if not reason.strip():
        raise LinkRefused("A reason is required. It is shown to the customer.", field="reason")
    lock_person(holder.user_id)
    row = (
        AccountHolder.objects.select_for_update(of=("self",))
        .select_related("user", "account__customer")
        .get(pk=holder.pk)
    )
    if row.ended is not None:
        raise LinkRefused("This link has already ended.", field="account")
    row.ended, row.mistaken, row.withdrawn = timezone.now(), mistaken, withdrawn
    row.save(update_fields=["ended", "mistaken", "withdrawn"])
    changed = [grant for grant in _grants_over(row) if _settle(grant, by=by)]
    request_recomputation(customer=row.account.customer)
    audit.record(
        "account.unlinked",
        by=by,
        subject=f"account:{row.account.cds_account_id}",
        details={
            "user": row.user.pk,
            "reason": reason,
            "mistaken": mistaken,
            "grants": [grant.grant_id for grant in changed],
        },
    )
    enqueue(TASK, row.pk, reason, [grant.client.client_name for grant in changed])
    return row


def _grants_over(holder: AccountHolder) -> QuerySet[Grant]:
    """Return the Grants that the person gave while the link existed, in locking order.

    Earlier ones can show the account too, if future services were chosen.
    """
    growing = Selection.objects.filter(grant=OuterRef("pk"), include_future=True)
    given: QuerySet[Grant] = (
        Grant.objects.live()
        .annotate(since=Coalesce("authorized", "created"))
        .filter(Q(since__gte=holder.created) | Exists(growing), user=holder.user)
        .select_related("client__registration", "parent", "review")
        .order_by("pk")
    )
    return given


def _settle(grant: Grant, *, by: User | str) -> bool:
    """Compute a Grant again and report its new state; return whether it changed."""
    row = lock_grant(grant)
    before = _shown(row)
    compute_grant(row)
    after = _shown(row)
    held = holdings(row)
    if row.status == Status.FUTURE:
        # Nothing was shared yet, and there would be nothing to share when the Grant begins.
        if not held.some_go_on:
            disable_grant(grant=row, reason=_WHY, by=by)
        return not held.some_go_on
    stops = row.status in MAY_STOP and row.is_out_of_new_data(timezone.now())
    # Until the last link ended, a Grant that includes future services could still grow.
    last = stops and not held.some_go_on and _takes_future(row)
    if before == after and not last:
        return False
    if not after and not (held.some_go_on and _takes_future(row)):
        disable_grant(grant=row, reason=_WHY, by=by)
    elif stops:
        report_data_state(grant=row, status=Status.STOPPED, by=by)
    elif row.status != Status.STOPPED or _objects(before) != _objects(after):
        # For a stopped Grant, the lack of new data is not news, unless it also lost some objects.
        tell_client(row, "Grant reduced", "An account of this Grant no longer gets new data.")
    return True


def _takes_future(grant: Grant) -> bool:
    return bool(grant.selections.filter(include_future=True).exists())


def _objects(shown: Shown) -> set[tuple[int, str, int]]:
    return {(entry, kind, object_id) for entry, kind, object_id, _ in shown}


def _shown(grant: Grant) -> Shown:
    rows = GrantedObject.objects.filter(grant=grant)
    return frozenset(rows.values_list("entry", "kind", "object_id", "cutoff"))


def send_unlinked(holder_pk: int, reason: str, companies: list[str]) -> None:
    """Mail the person what ended; the account number is masked because email is not private."""
    holder = AccountHolder.objects.select_related("user", "account").get(pk=holder_pk)
    to = catalog().contact_email(holder.user)
    if not to or holder.ended is None:
        return
    version = AccountVersion.objects.current().filter(account=holder.account).first()
    receipt = Receipt.objects.filter(grant__user=holder.user).order_by("-created").first()
    language = receipt.language if receipt else settings.LANGUAGE_CODE
    with translation.override(language):
        when = moment_words(holder.ended, utility_zone())
    context = {
        "account": masked(version.account_number) if version else "",
        "when": when,
        "reason": reason,
        "mistaken": holder.mistaken,
        "companies": list(dict.fromkeys(companies)),
        "sharing_url": settings.BASE_URL + reverse("consent:sharing"),
    }
    mail.send("account_unlinked", to=to, language=language, context=context)
