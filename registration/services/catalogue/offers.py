"""Which scopes this deployment offers: rows <-> the dataclasses of the catalogue."""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.db.prepared import PreparedRows
from portal.http.context import RequestContext, current
from portal.models import User
from registration.catalogue.admin import CLIENT_ADMIN
from registration.catalogue.checks import check_offers, unknown_registration_fields
from registration.catalogue.offers import ScopeOffer, fields_from_json, fields_to_json
from registration.errors import OffersInvalid
from registration.fields.checks import optional_without_default
from registration.models import Client, CoverageEntry, OfferedScope
from registration.services.catalogue.fields import current_fields
from registration.services.catalogue.purposes import for_client
from registration.services.locks import lock_catalogue

Offers = Mapping[str, ScopeOffer]
Stamp = tuple[tuple[Any, ...], ...]

_BUILT_IN = ScopeOffer(id=CLIENT_ADMIN, type=CLIENT_ADMIN)
_TEXTS = ("name", "description", "documentation")
_LISTS = ("coverages", "registration_requirements", "registration_optional", "auth_methods")

# Parsing the rows costs more than reading their timestamps, so the result is cached per process;
# within one request even the timestamps are read only once.
_parsed: dict[Stamp, Offers] = {}
_of_request: ContextVar[tuple[RequestContext, Offers] | None] = ContextVar("offers", default=None)


_stamps = PreparedRows(lambda: OfferedScope.objects.values_list("pk", "modified", "position"))


def current_offers() -> Offers:
    """Return all offers by scope id in their published order, always with the admin scope."""
    context, known = current.get(), _of_request.get()
    if known is not None and known[0] is context:
        return known[1]
    stamp: Stamp = tuple(_stamps.all())
    offers = _parsed.get(stamp)
    if offers is None:
        offers = _read_rows()
        _parsed.clear()
        _parsed[stamp] = offers
    if context.request_id:
        _of_request.set((context, offers))
    return offers


def offers_for(client: Client) -> Offers:
    """Return what a Client can request: those of its scopes that are still offered.

    Where the choices of a field depend on the Client, such as purposes, they are the Client's own.
    """
    offers = current_offers()
    return {scope: for_client(offers[scope], client) for scope in client.scopes if scope in offers}


def consent_offers(client: Client) -> dict[str, ScopeOffer]:
    """Return what the client can ask customers for, by scope id."""
    return {
        scope_id: offer
        for scope_id, offer in offers_for(client).items()
        if offer.scope_type.asks_customer and scope_id in client.scopes
    }


def details_types(offers: Offers, scopes: Iterable[str]) -> list[str]:
    """Return the `authorization_details_types` of a Client with these scopes (CDS-WG1-02 5.1).

    The type of an entry is the scope id (decision 1); scopes without fields have none.
    """
    return [
        scope
        for scope in scopes
        if scope in offers and (offers[scope].fields or offers[scope].scope_type.fields_required)
    ]


@transaction.atomic
def load_offers(offers: Iterable[ScopeOffer], *, by: User | str = audit.SYSTEM) -> None:
    """Replace all offered scopes; unchanged rows keep their `modified`.

    Raises OffersInvalid with every rule of CDS-WG1-02 3.3 to 3.8 and CDS-WG3-01 6 that is violated.
    """
    lock_catalogue()
    wanted = {CLIENT_ADMIN: _BUILT_IN} | {offer.id: offer for offer in offers}
    problems = [*check_offers(wanted), *_unknown_coverages(wanted.values())]
    known = current_fields()
    problems += [
        f"registration field {name} does not exist"
        for name in unknown_registration_fields(wanted.values(), known)
    ]
    problems += optional_without_default(
        [(offer.id, offer.registration_optional) for offer in wanted.values()], known
    )
    if problems:
        raise OffersInvalid(" ".join(f"{problem}." for problem in problems))
    _store(list(wanted.values()), by=by)


def _unknown_coverages(offers: Iterable[ScopeOffer]) -> list[str]:
    """CDS-WG1-02 3.4: `coverages_supported` holds ids of coverage entries."""
    named = {entry_id: offer.id for offer in offers for entry_id in offer.coverages}
    known = CoverageEntry.objects.filter(entry_id__in=named).values_list("entry_id", flat=True)
    return [
        f"{named[entry_id]}: there is no coverage entry {entry_id}"
        for entry_id in sorted(named.keys() - set(known))
    ]


def offer_to_json(offer: ScopeOffer) -> dict[str, Any]:
    """Return an offer in the form that staff read and edit in a file."""
    return {"id": offer.id, "type": offer.type, **_to_settings(offer)}


def offer_from_json(data: Mapping[str, Any]) -> ScopeOffer:
    """Parse the output of `offer_to_json`. Raises OffersInvalid for anything else."""
    try:
        settings = {name: value for name, value in data.items() if name not in {"id", "type"}}
        return _offer(data["id"], data["type"], settings)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OffersInvalid(f"An offered scope cannot be read: {error!r}.") from error


def _store(offers: list[ScopeOffer], *, by: User | str) -> None:
    rows = {row.scope_id: row for row in OfferedScope.objects.all()}
    gone = rows.keys() - {offer.id for offer in offers}
    changed = sorted(gone)
    OfferedScope.objects.filter(scope_id__in=gone).delete()
    for position, offer in enumerate(offers):
        row = rows.get(offer.id) or OfferedScope(scope_id=offer.id)
        values = {
            "scope_type": offer.type,
            "position": position,
            "settings": _to_settings(offer),
        }
        if row.pk and all(getattr(row, name) == value for name, value in values.items()):
            continue
        for name, value in values.items():
            setattr(row, name, value)
        row.modified = timezone.now()
        row.save()
        changed.append(offer.id)
    if changed:
        audit.record("offers.changed", by=by, subject="offers:all", details={"scopes": changed})
    _parsed.clear()
    _of_request.set(None)


def _read_rows() -> Offers:
    offers = {row.scope_id: _from_row(row) for row in OfferedScope.objects.all()}
    if CLIENT_ADMIN not in offers:
        offers = {CLIENT_ADMIN: _BUILT_IN, **offers}
    return MappingProxyType(offers)


def _from_row(row: OfferedScope) -> ScopeOffer:
    return _offer(row.scope_id, row.scope_type, row.settings)


def _offer(scope_id: str, scope_type: str, settings: Mapping[str, Any]) -> ScopeOffer:
    data = dict(settings)
    data["fields"] = fields_from_json(data.get("fields", ()))
    for name in _LISTS:
        if name in data:
            data[name] = tuple(data[name])
    return ScopeOffer(id=scope_id, type=scope_type, **data)


def _to_settings(offer: ScopeOffer) -> dict[str, Any]:
    settings: dict[str, Any] = {name: list(getattr(offer, name)) for name in _LISTS}
    settings |= {name: text for name in _TEXTS if (text := getattr(offer, name))}
    settings["grant_admin_scope"] = offer.grant_admin_scope
    settings["fields"] = fields_to_json(offer.fields)
    return settings
