"""Changes of Client objects that staff review before they take effect (CDS-WG1-02 5.5).

Which fields those are is the setting REVIEWED_CLIENT_FIELDS, in names of the wire. Sandbox Clients
are not reviewed at a change: no customer meets them, and whoever approves production for them names
the version of all that they say (`seen_version`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.conf import settings

from portal import audit
from portal.models import User
from registration import urls_of
from registration.models import Client, Message
from registration.models.message_states import PENDING, REJECTED
from registration.services.catalogue.offers import current_offers
from registration.services.catalogue.purposes import limited, purposes_with_scopes
from registration.services.clients.give_up_scopes import (
    scopes_after_review,
    scopes_at_once,
)
from registration.services.messages.write import open_field_changes, update_request

# Wire name and column of every field that the setting can name. Statuses and scopes are not among
# them: giving up access must take effect immediately.
REVIEWABLE: Final[Mapping[str, str]] = {
    "client_name": "name",
    "contacts": "contacts",
    "client_uri": "client_uri",
    "logo_uri": "logo_uri",
    "tos_uri": "tos_uri",
    "policy_uri": "policy_uri",
    "redirect_uris": "redirect_uri_list",
    "cds_default_redirect_uri": "cds_default_redirect_uri",
}
# Scopes that are taken back are reviewed if they were before, and fields that name them wait too.
_COLUMNS: Final[Mapping[str, str]] = {
    **REVIEWABLE,
    "scope": "scopes",
    "cds_default_scope": "default_scope",
    "cds_default_authorization_details": "default_authorization_details",
}


def reviewed_columns(client: Client) -> frozenset[str]:
    """Return the columns of this Client whose changes have to be approved."""
    if client.environment == Client.Status.SANDBOX:
        return frozenset()
    names: Iterable[str] = settings.REVIEWED_CLIENT_FIELDS
    return frozenset(REVIEWABLE[name] for name in names if name in REVIEWABLE)


def split_changes(
    client: Client, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns that change immediately, and the changes that wait for approval."""
    waiting = {
        column: values[column]
        for column in reviewed_columns(client)
        if column in values and getattr(client, column) != values[column]
    }
    # A default redirect URI that is not registered yet waits together with its list.
    default = values.get("cds_default_redirect_uri")
    if "redirect_uri_list" in waiting and default not in client.redirect_uri_list:
        waiting["cds_default_redirect_uri"] = default
    at_once = {column: value for column, value in values.items() if column not in waiting}
    scopes = scopes_at_once(client, values["scopes"])
    if scopes != values["scopes"]:
        waiting |= _hold_back(client, at_once, scopes)
    return at_once, waiting


def _hold_back(client: Client, values: dict[str, Any], scopes: list[str]) -> dict[str, Any]:
    """Remove from `values` what needs more than these scopes; return it.

    The defaults stay as they were, limited to the scopes that the Client keeps.
    """
    held = {"scopes": values["scopes"]}
    values["scopes"] = scopes
    values["purposes"] = limited(values["purposes"], scopes=scopes)
    if not set(values.get("default_scope", "").split()) <= set(scopes):
        held["default_scope"] = values["default_scope"]
        left = [scope for scope in client.default_scope.split() if scope in scopes]
        values["default_scope"] = " ".join(left or scopes)
    details = values.get("default_authorization_details", [])
    if any(entry["type"] not in scopes for entry in details):
        held["default_authorization_details"] = details
        values["default_authorization_details"] = [
            entry for entry in client.default_authorization_details if entry["type"] in scopes
        ]
    return held


def request_review(*, client: Client, waiting: Mapping[str, Any], by: User | str) -> Message:
    """Open a field_changes Message with old and new values; the Client row is locked.

    Repeating a wish returns the pending Message. A newer wish for a field replaces the older one,
    and includes the fields of the older one that it does not mention.
    """
    wanted = dict(waiting)
    for earlier in _pending(client):
        asked = {_COLUMNS[item["field"]]: item for item in earlier.updates_requested}
        if not asked.keys() & wanted.keys():
            continue
        old = {column: _column_value(column, item, client) for column, item in asked.items()}
        if all(old.get(column) == value for column, value in wanted.items()):
            return earlier
        wanted = {**old, **wanted}
        update_request(
            message=earlier,
            status=REJECTED,
            description="A newer change of the same fields replaces this one.",
            by=by,
        )
    return _open(client, wanted, by=by)


def _open(client: Client, wanted: Mapping[str, Any], *, by: User | str) -> Message:
    updates = [
        {
            "field": field,
            "previous_value": _wire_value(column, getattr(client, column), client),
            "new_value": _wire_value(column, wanted[column], client),
        }
        for field, column in _COLUMNS.items()
        if column in wanted
    ]
    names = ", ".join(item["field"] for item in updates)
    message = open_field_changes(
        client=client,
        description=f"The utility reviews these changes of {client.client_name}: {names}.",
        updates_requested=updates,
        related_type="client",
        related_uri=urls_of.client_uri(client.client_id),
    )
    audit.record(
        "client.review_opened",
        by=by,
        subject=f"client:{client.client_id}",
        registration=client.registration.registration_id,
        details={"message": message.message_id, "fields": [item["field"] for item in updates]},
    )
    return message


def approved_values(request: Message, client: Client) -> dict[str, Any]:
    """Return the columns and values that an approved field_changes Message sets."""
    values = {
        _COLUMNS[item["field"]]: _column_value(_COLUMNS[item["field"]], item, client)
        for item in request.updates_requested
    }
    if "scopes" in values:
        _fit_scopes(request, client, values)
    uris = values.get("redirect_uri_list", client.redirect_uri_list)
    default = values.get("cds_default_redirect_uri", client.cds_default_redirect_uri)
    # The list may have changed between the wish and its approval; the default must be in it.
    if client.response_types and default not in uris:
        own = urls_of.default_redirect_uri(client.client_id)
        values["cds_default_redirect_uri"] = own if own in uris else uris[0]
    return values


def _fit_scopes(request: Message, client: Client, values: dict[str, Any]) -> None:
    """Set the requested scopes that are still available, and limit the defaults to them."""
    before = next(i["previous_value"] for i in request.updates_requested if i["field"] == "scope")
    scopes = scopes_after_review(client, values["scopes"], before.split())
    values["scopes"] = scopes
    values["purposes"] = purposes_with_scopes(client=client, offers=current_offers(), scopes=scopes)
    wanted = values.get("default_scope", client.default_scope).split()
    values["default_scope"] = " ".join([scope for scope in wanted if scope in scopes] or scopes)
    details = values.get("default_authorization_details", client.default_authorization_details)
    values["default_authorization_details"] = [e for e in details if e["type"] in scopes]


def _pending(client: Client) -> list[Message]:
    rows = Message.objects.filter(
        client=client, type="field_changes", related_type="client", status=PENDING
    )
    return list(rows.select_related("registration").order_by("created", "pk"))


def _wire_value(column: str, value: Any, client: Client) -> Any:
    if column == "name":
        return value or client.client_id
    if column == "scopes":
        return " ".join(value)
    if isinstance(value, list):
        return list(value)
    return value or None


def _column_value(column: str, item: Mapping[str, Any], client: Client) -> Any:
    value = item["new_value"]
    if column == "name":
        return "" if value == client.client_id else value
    if column == "scopes":
        return value.split()
    if column in {"contacts", "redirect_uri_list", "default_authorization_details"}:
        return list(value)
    return value or ""
