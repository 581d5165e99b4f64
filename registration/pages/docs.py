"""One documentation page per offered scope, generated from the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from portal.docs import page_text, render_markdown
from portal.http.permissions import public
from portal.registries import DocsPage, Registry, docs_pages
from portal.values import jsontext
from registration.catalogue.offers import OfferedField, ScopeOffer, anchor, offered_fields
from registration.catalogue.types import ScopeKind
from registration.services.catalogue.offers import current_offers

field_notes: Registry[DocsPage] = Registry("notes on fields")
"""What apps add to a field on all scope pages, by field id: what clients must know to use it."""

_HOW = {
    ScopeKind.ADMIN: "With your client's own secret (grant type client_credentials).",
    ScopeKind.SERVER_GRANTED: "The utility grants it; nothing is requested.",
    ScopeKind.CUSTOMER_CONSENT: "A customer is asked in the browser (response type code).",
    ScopeKind.DIRECT_ACCESS: "With your client's own secret, after the utility has approved it.",
}


@dataclass(frozen=True, slots=True)
class ChoiceText:
    """One choice of a field as the page shows it."""

    anchor: str
    id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class FieldText:
    """One authorization details field as the page shows it."""

    anchor: str
    id: str
    name: str
    description: str
    customer_label: str
    customer_words: str
    format: str
    is_required: bool
    default: str
    limits: str
    example: str
    special_values: str
    note: str
    choices: tuple[ChoiceText, ...]


def scope_context(offer: ScopeOffer) -> dict[str, object]:
    """Return the context of the scope page: sentences and lists, ready to render."""
    scope_type = offer.scope_type
    return {
        "offer": offer,
        "scope_type": scope_type,
        "title": offer.name or scope_type.title,
        "description": offer.description or scope_type.description,
        "customer_words": str(scope_type.explanation),
        "how": _HOW[scope_type.kind],
        "auth_methods": ", ".join(offer.auth_methods),
        "coverages": ", ".join(offer.coverages),
        "implied": ", ".join(scope_type.implied),
        "fields": [_field_text(field) for field in offered_fields(offer).values()],
    }


def _field_text(field: OfferedField) -> FieldText:
    declared, note = field.declared, field_notes.get(field.id)
    return FieldText(
        anchor=anchor(field.id),
        id=field.id,
        name=field.name,
        description=field.description,
        customer_label=str(declared.label),
        customer_words=str(declared.explanation),
        format=field.format.value,
        is_required=field.is_required,
        default=_json(field.default),
        limits=f"{_json(field.minimum)} to {_json(field.maximum)}"
        if field.format.has_bounds
        else "",
        example=_json(declared.example),
        special_values=", ".join(field.special_values),
        note=page_text(note) if note else "",
        choices=tuple(
            ChoiceText(anchor(field.id, choice.id), choice.id, choice.name, choice.description)
            for choice in field.choices
        ),
    )


def _json(value: object) -> str:
    return jsontext.dumps(value).decode()


def scopes_context() -> dict[str, object]:
    """Return all offered scopes for the overview page."""
    return {
        "scopes": [
            {
                "id": offer.id,
                "title": offer.name or offer.scope_type.title,
                "description": offer.description or offer.scope_type.description,
            }
            for offer in current_offers().values()
        ]
    }


@public
@require_safe
def scope_page(request: HttpRequest, scope_id: str) -> HttpResponse:
    """Show what a scope gives access to, with an anchor for each field and choice."""
    offer = current_offers().get(scope_id)
    if offer is None:
        raise Http404
    context: Mapping[str, Any] = scope_context(offer)
    page = DocsPage(
        f"scopes/{offer.id}", str(context["title"]), "docs/scope.md", context=lambda: dict(context)
    )
    body = mark_safe(render_markdown(page_text(page)))  # noqa: S308 -- the renderer escapes
    return render(
        request, "docs/page.html", {"page": page, "pages": list(docs_pages), "body": body}
    )
