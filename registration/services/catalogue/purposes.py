"""Purposes: what customers read about why a Client wants their data (CDS-WG3-01 7.4.4, 8).

A Client's purposes are the server's defaults, which are the choices of the offered `purpose` field,
and those that the Client wrote. Requests only contain ids of purposes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from portal.ids import random_id
from registration.catalogue.offers import Choice, FieldOffer, ScopeOffer, offered_fields
from registration.errors import InvalidClientMetadata
from registration.fields.purposes import MAX_PURPOSES, read_words
from registration.models import Client

FIELD = "purpose"
WIRE_FIELD = "cds_purposes"
_WIRE = ("name", "content", "related_uri", "related_name", "scopes_supported")

Purposes = dict[str, dict[str, Any]]


def initial_purposes(
    *,
    offers: Mapping[str, ScopeOffer],
    scopes: Sequence[str],
    written: Iterable[Mapping[str, Any]] = (),
) -> Purposes:
    """Return the purposes of a new Client: the defaults, and those of its registration request."""
    purposes = _defaults(offers, scopes)
    applicable = _scopes_with_purposes(offers, scopes)
    if applicable:
        purposes |= _new(written, applicable)
    return purposes


def read_purposes(
    *,
    client: Client,
    fields: Mapping[str, Any],
    offers: Mapping[str, ScopeOffer],
    scopes: Sequence[str],
) -> Purposes:
    """Return the purposes of a Client after a PUT (CDS-WG3-01 8.2).

    Defaults stay whatever is sent; the server sets ids and scopes_supported; an absent purpose is
    removed, and one with an unknown id is new. Raises InvalidClientMetadata naming the rule.
    """
    value = fields.get(WIRE_FIELD)
    purposes = _defaults(offers, scopes)
    if value is None:
        return purposes
    ours = {key for key, purpose in client.purposes.items() if _is_default(purpose)}
    # Including those of scopes that the Client has given up: they can be sent back at any time.
    ours |= _defaults(offers, list(offers)).keys()
    if not isinstance(value, Mapping) or len(value) > MAX_PURPOSES:
        raise _refused(f"must be an object of at most {MAX_PURPOSES} purposes by id")
    applicable = _scopes_with_purposes(offers, scopes)
    for key, item in value.items():
        if key in ours:
            continue
        try:
            words = read_words(item)
        except ValueError as error:
            raise _refused(str(error)) from error
        known = client.purposes.get(key)
        if known is not None:
            purposes[key] = {**known, **words, "scopes_supported": _kept(known, client, applicable)}
        elif applicable:
            purposes |= _new([words], applicable)
        else:
            raise _refused("is only for Clients whose scopes have the field purpose")
    return purposes


def _is_default(purpose: Mapping[str, Any]) -> bool:
    return bool(purpose.get("server_default"))


def _kept(purpose: Mapping[str, Any], client: Client, applicable: Sequence[str]) -> list[str]:
    """Return the scopes of a Client's own purpose: those it still has, and those it takes back."""
    known = purpose["scopes_supported"]
    return [scope for scope in applicable if scope in known or scope not in client.scopes]


def purposes_with_scopes(
    *, client: Client, offers: Mapping[str, ScopeOffer], scopes: Sequence[str]
) -> Purposes:
    """Return the purposes of a Client after a change of nothing but its scopes."""
    applicable = _scopes_with_purposes(offers, scopes)
    own = {
        key: {**purpose, "scopes_supported": _kept(purpose, client, applicable)}
        for key, purpose in client.purposes.items()
        if not _is_default(purpose)
    }
    return _defaults(offers, scopes) | own


def within_scopes(
    purposes: Mapping[str, Mapping[str, Any]],
    *,
    offers: Mapping[str, ScopeOffer],
    scopes: Sequence[str],
) -> Purposes:
    """Return the purposes of a Client that suit another Client with only these scopes."""
    fitting = limited(purposes, scopes=_scopes_with_purposes(offers, scopes))
    return {key: purpose for key, purpose in fitting.items() if purpose["scopes_supported"]}


def limited(purposes: Mapping[str, Mapping[str, Any]], *, scopes: Sequence[str]) -> Purposes:
    """Return purposes limited to these scopes; a default is removed with its last scope."""
    fitting = {
        key: {
            **purpose,
            "scopes_supported": [s for s in purpose["scopes_supported"] if s in scopes],
        }
        for key, purpose in purposes.items()
    }
    return {
        key: purpose
        for key, purpose in fitting.items()
        if purpose["scopes_supported"] or not _is_default(purpose)
    }


def to_wire(client: Client) -> dict[str, Any]:
    """Return `cds_purposes`: Purpose objects by id (CDS-WG3-01 8.1, 8.3)."""
    return {
        key: {"id": key, **{name: purpose[name] for name in _WIRE}}
        for key, purpose in client.purposes.items()
    }


def for_client(offer: ScopeOffer, client: Client) -> ScopeOffer:
    """Return an offer whose `purpose` field accepts this Client's purposes (CDS-WG3-01 7.4.4).

    Without any purpose for the scope it only accepts null; if null is not allowed, it is not
    offered.
    """
    entry = next((entry for entry in offer.fields if entry.id == FIELD), None)
    if entry is None:
        return offer
    choices = tuple(
        _choice(key, purpose, entry)
        for key, purpose in client.purposes.items()
        if offer.id in purpose["scopes_supported"]
    )
    if not choices and not offered_fields(offer)[FIELD].format.is_nullable:
        return replace(offer, fields=tuple(each for each in offer.fields if each.id != FIELD))
    return offer.with_field(replace(entry, choices=choices))


def _choice(key: str, purpose: Mapping[str, Any], entry: FieldOffer) -> Choice:
    default = next((choice for choice in entry.choices if choice.id == key), None)
    return default or Choice(id=key, name=purpose["name"], description=purpose["content"])


def _defaults(offers: Mapping[str, ScopeOffer], scopes: Sequence[str]) -> Purposes:
    found: Purposes = {}
    for scope in _scopes_with_purposes(offers, scopes):
        for choice in _choices(offers[scope]):
            purpose = found.setdefault(
                choice.id,
                {
                    "name": choice.name,
                    "content": choice.description,
                    "related_uri": None,
                    "related_name": None,
                    "scopes_supported": [],
                    "server_default": True,
                },
            )
            purpose["scopes_supported"].append(scope)
    return found


def _new(written: Iterable[Mapping[str, Any]], scopes: list[str]) -> Purposes:
    return {
        random_id("purpose_", length=16): {**words, "scopes_supported": list(scopes)}
        for words in written
    }


def _scopes_with_purposes(offers: Mapping[str, ScopeOffer], scopes: Sequence[str]) -> list[str]:
    return [
        scope
        for scope in scopes
        if scope in offers and any(entry.id == FIELD for entry in offers[scope].fields)
    ]


def _choices(offer: ScopeOffer) -> tuple[Choice, ...]:
    return next((entry.choices for entry in offer.fields if entry.id == FIELD), ())


def _refused(rule: str) -> InvalidClientMetadata:
    return InvalidClientMetadata(f"{WIRE_FIELD} {rule}.", field=WIRE_FIELD)
