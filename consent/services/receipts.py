"""CDS-WG3-01 9.4: receipts, the written proof of a consent, and the way to end it.

A receipt freezes the words that the customer saw, in the language of that day, so that later
changes of names, purposes or offers never rewrite what was agreed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from consent.customer_accounts import Selectable
from consent.models import AuthorizationCode, Grant, Receipt
from consent.models.token import CODE_PURPOSE
from consent.services.grants.lifecycle import end_grant, lock_grant
from consent.services.sections.choices import Section, SectionChoice, entry_access
from consent.wording import data_items, duration_sentences
from portal import audit
from portal.background import outbox
from portal.branding import current_utility
from portal.crypto import digest
from portal.models import User
from portal.services.terms import keep_terms
from registration.catalogue.offers import ScopeOffer
from registration.models import Client
from registration.urls_of import default_redirect_uri

# Slow telephones included; what is found in a log later opens nothing.
OPENS_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SharedSection:
    """A request section with what the customer chose in it."""

    section: Section
    choice: SectionChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFacts:
    """Everything a receipt is written from."""

    client: Client
    sections: tuple[SharedSection, ...]
    offers: Mapping[str, ScopeOffer]
    now: datetime
    zone: tzinfo


def issue_receipt(*, grant: Grant, facts: ReceiptFacts, by: User) -> Receipt:
    """Write the receipt of an approval and promise its mail. Runs in the approving transaction."""
    receipt = Receipt.objects.create(
        grant=grant,
        language=get_language() or settings.LANGUAGE_CODE,
        snapshot=snapshot(grant, facts),
    )
    audit.record(
        "consent.receipt_issued",
        by=by,
        subject=f"receipt:{receipt.confirmation_number}",
        details={"grant": grant.grant_id},
    )
    outbox.enqueue(
        "consent.tasks.send_receipt", receipt.pk, unique_key=f"receipt-mail:{receipt.pk}"
    )
    return receipt


def snapshot(grant: Grant, facts: ReceiptFacts) -> dict[str, Any]:
    """Return the words and terms of this moment as JSON. Examples are never the customer's own."""
    return {
        "utility": current_utility().name,
        "environment": facts.client.environment,
        "client": client_words(facts.client),
        "terms": keep_terms(),
        "scope": grant.scope,
        "authorization_details": grant.authorization_details,
        "sections": [_section(shared, facts) for shared in facts.sections],
    }


def client_words(client: Client) -> dict[str, str]:
    """Return name and confirmed website of a company, as the form shows them."""
    return {
        "name": client.client_name,
        "uri": client.client_uri if client.website_confirmed else "",
    }


def _section(shared: SharedSection, facts: ReceiptFacts) -> dict[str, Any]:
    section, choice = shared.section, shared.choice
    items = data_items(section.accesses, facts.offers)
    return {
        "data": [
            {
                "phrase": item.phrase,
                "rows": [[row.label, row.explanation, row.example] for row in item.rows],
            }
            for item in items
        ],
        "durations": list(duration_sentences(section.accesses, now=facts.now, zone=facts.zone)),
        "selection_type": section.selection_type,
        "services": [_service(row) for row in section.rows if row.id in choice.selected],
        "everything": section.available_ids <= choice.selected,
        "later": choice.later,
        "purpose": purpose_words(facts.client, section.purpose_id),
    }


def _service(row: Selectable) -> dict[str, str]:
    return {
        "id": row.id,
        "number": row.number,
        "name": row.name,
        "address": row.address,
        "service_type": row.service_type,
        "account": row.account,
    }


def purpose_words(client: Client, purpose_id: str | None) -> dict[str, Any] | None:
    """Return the purpose that a request names, None without one (CDS-WG3-01 8.3, 9.2.2.4)."""
    purpose = client.purposes.get(purpose_id) if purpose_id else None
    if purpose is None:
        return None
    return {
        "content": purpose["content"],
        "uri": purpose.get("related_uri") or "",
        "name": purpose.get("related_name") or "",
        # Purposes of the utility's own are the only ones it has approved (9.4).
        "by_utility": bool(purpose.get("server_default")),
    }


@transaction.atomic
def open_by_code(*, client: Client, code: str, user: User | None) -> Receipt | None:
    """Return the receipt of an approval whose code came back to our own page, None for any other.

    The address is a key to the receipt and stays in histories and logs: it works once, within
    OPENS_FOR, and spends the code. The customer, signed in, may come again. Codes of other clients
    and codes that went to a page of the client's own open nothing (CDS-WG3-01 9.1.1).
    """
    rows = AuthorizationCode.objects.select_for_update(of=("self",)).select_related("cds_grant")
    row = rows.filter(
        application_id=client.pk,
        code=digest(code, purpose=CODE_PURPOSE),
        redirect_uri=default_redirect_uri(client.client_id),
    ).first()
    if row is None:
        return None
    now = timezone.now()
    is_owner = user is not None and row.user_id == user.pk
    if not is_owner and (row.redeemed is not None or row.created + OPENS_FOR <= now):
        return None
    if row.redeemed is None:
        row.redeemed = now
        row.save(update_fields=["redeemed", "updated"])
    found: Receipt | None = row.cds_grant.receipts.order_by("-pk").first()
    return found


@transaction.atomic
def stop_sharing(*, receipt: Receipt, by: User | str) -> bool:
    """Revoke the Grant of a receipt at once; return whether it was still running.

    Tokens die in the same transaction. Safe to call twice.
    """
    grant = lock_grant(receipt.grant)
    if grant.status in Grant.ENDED:
        return False
    end_grant(grant=grant, status=Grant.Status.REVOKED, reason="revoked by the customer", by=by)
    outbox.enqueue(
        "consent.tasks.send_sharing_stopped",
        receipt.pk,
        timezone.now().isoformat(),
        unique_key=f"stopped-mail:{grant.pk}",
    )
    return True


def shared_today(
    grant: Grant, *, offers: Mapping[str, ScopeOffer], zone: tzinfo
) -> tuple[str, ...]:
    """Return the sentences about what a Grant gives now, in the words of the form."""
    accesses = [entry_access(entry, offers) for entry in grant.authorization_details]
    known = [access for access in accesses if access is not None]
    phrases = [item.phrase for item in data_items(known, offers)]
    return (*phrases, *duration_sentences(known, now=timezone.now(), zone=zone))


def chosen_services(grant: Grant) -> tuple[Mapping[str, str], ...]:
    """Return the services that a Grant's selections name today, in the words of its receipts."""
    snapshots = grant.receipts.order_by("pk").values_list("snapshot", flat=True)
    known = {
        service["id"]: service
        for frozen in snapshots
        for section in frozen["sections"]
        for service in section["services"]
    }
    nameless = {"number": "", "name": "", "address": "", "service_type": "", "account": ""}
    ids = {each for chosen in grant.selections.all() for each in chosen.object_ids}
    rows = [known.get(each, {"id": each, **nameless}) for each in sorted(ids)]
    return tuple(sorted(rows, key=lambda row: (row["account"], row["number"], row["id"])))
