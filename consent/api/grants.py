"""Grants API (CDS-WG1-02 8.4 to 8.6)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.lookups import Overlap
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value
from rest_framework.request import Request
from rest_framework.response import Response

from consent.models import Grant, Receipt
from consent.services.grants.change_by_client import patch_grant
from consent.services.grants.lifecycle import grant_uri
from portal.errors import NotFound
from portal.http.listing import CdsListView, Filter, Order, ids_filter, instant_filter, split_ids
from portal.values.times import parse_datetime
from registration.api.base import AdminView, actor, caller_registration, object_payload
from registration.api.principal import require_scope
from registration.api.throttles import ClientThrottle
from registration.catalogue.admin import CLIENT_ADMIN

_WORDS = ArrayField(TextField())


def with_relations(rows: QuerySet[Grant]) -> QuerySet[Grant]:
    """Load what `to_wire` reads, in a constant number of queries."""
    return rows.select_related("client", "parent").prefetch_related(
        "replacing", "replaced_by", "children", "receipts"
    )


def to_wire(grant: Grant) -> dict[str, Any]:
    """Return a Grant object (CDS-WG1-02 8.1); `not_after` equals `expires` (decision 14).

    `scope` and `authorization_details` show what is asked for while a decision is pending.
    """
    return {
        "grant_id": grant.grant_id,
        "uri": grant_uri(grant.grant_id),
        "replacing": sorted(grant_uri(other.grant_id) for other in grant.replacing.all()),
        "replaced_by": sorted(grant_uri(other.grant_id) for other in grant.replaced_by.all()),
        "parent": grant.parent.grant_id if grant.parent else None,
        "children": sorted(child.grant_id for child in grant.children.all()),
        "created": grant.created,
        "modified": grant.modified,
        "not_before": grant.not_before,
        "not_after": grant.expires,
        "eta": grant.eta,
        "expires": grant.expires,
        "status": grant.status,
        "client_id": grant.client.client_id,
        "scope": grant.published_scope,
        "authorization_details": grant.published_details,
        "receipt_confirmations": sorted(r.confirmation_number for r in grant.receipts.all()),
        "states": grant.states,
        "enabled_scope": grant.enabled_scope,
        "enabled_authorization_details": grant.enabled_authorization_details,
    }


def _scopes(text: str) -> Q:
    """Scope ids within `scope` or as the type of an entry (CDS-WG1-02 8.4)."""
    ids = split_ids(text, name="scopes")
    condition = _names("", ids) & Q(asked_authorization_details__isnull=True)
    return condition | _names("asked_", ids)


def _names(prefix: str, ids: list[str]) -> Q:
    scope = F(f"{prefix}scope")
    words = Func(scope, Value(" "), function="string_to_array", output_field=_WORDS)
    condition = Q(Overlap(words, Value(ids, output_field=_WORDS)))
    for scope_id in ids:
        condition |= Q(**{f"{prefix}authorization_details__contains": [{"type": scope_id}]})
    return condition


def _receipts(text: str) -> Q:
    numbers = split_ids(text, name="receipt_confirmations")
    rows = Receipt.objects.filter(grant=OuterRef("pk"), confirmation_number__in=numbers)
    return Q(Exists(rows))


def _states(text: str) -> Q:
    """Grants that came of authorization requests with these `state` values (CDS-WG3-01 9.1.1)."""
    return Q(states__overlap=split_ids(text, name="states"))


class GrantList(CdsListView):
    """GET: the Grants of all Clients of the caller's registration, last modified first."""

    permission_classes = [require_scope(CLIENT_ADMIN)]
    throttle_classes = [ClientThrottle]
    envelope = "grants"
    filters: ClassVar[tuple[Filter, ...]] = (
        ids_filter("grant_ids", "grant_id"),
        ids_filter("parents", "parent__grant_id"),
        ids_filter("statuses", "status"),
        ids_filter("client_ids", "client__client_id"),
        Filter("scopes", _scopes),
        Filter("receipt_confirmations", _receipts),
        Filter("states", _states),
        instant_filter("after", "created__gte"),
        instant_filter("before", "created__lte"),
    )
    order: ClassVar[tuple[Order, ...]] = (
        Order("modified", True, parse_datetime),
        Order("grant_id", True),
    )

    def base_queryset(self, request: Request) -> QuerySet[Grant]:
        """Return the party's own Grants."""
        rows: QuerySet[Grant] = Grant.objects.of(caller_registration(request))
        return with_relations(rows)

    def represent(self, rows: list[Grant], request: Request) -> list[Mapping[str, Any]]:
        """Return Grant objects."""
        return [to_wire(grant) for grant in rows]


class GrantDetail(AdminView):
    """GET and PATCH of one Grant; another party's is 404."""

    def get(self, request: Request, grant_id: str) -> Response:
        """Return the Grant."""
        return Response(to_wire(_own(request, grant_id)))

    def patch(self, request: Request, grant_id: str) -> Response:
        """Close the Grant, reduce it, or ask for more: 202 when the utility reviews that first."""
        changes = object_payload(request)
        done = patch_grant(grant=_own(request, grant_id), changes=changes, by=actor(request))
        status = 200 if done.review is None else 202
        return Response(to_wire(_own(request, grant_id)), status)


def _own(request: Request, grant_id: str) -> Grant:
    own = Grant.objects.of(caller_registration(request))
    found: Grant | None = with_relations(own).filter(grant_id=grant_id).first()
    if found is None:
        raise NotFound("There is no such Grant.")
    return found
