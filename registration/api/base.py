"""What the admin APIs share: the required token, whose objects it can see, how bodies are read."""

from typing import Any

from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.http.listing import Order
from portal.values.times import parse_datetime
from registration.api.principal import principal_of, require_scope
from registration.api.throttles import ClientThrottle
from registration.catalogue.admin import CLIENT_ADMIN
from registration.errors import InvalidClientMetadata, InvalidRequest
from registration.models import Registration


class AdminView(APIView):
    """An endpoint for tokens with the scope `cds_client_admin`; responses are never cached."""

    permission_classes = (require_scope(CLIENT_ADMIN),)
    throttle_classes = (ClientThrottle,)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Keep secrets out of caches (RFC 6749 5.1)."""
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Cache-Control"] = "no-store"
        return final


def caller_registration(request: Request) -> Registration:
    """Return the registration whose objects the token can see."""
    return principal_of(request).registration


def actor(request: Request) -> str:
    """Return the calling Client for the audit trail."""
    return f"client:{principal_of(request).client.client_id}"


def newest_first(column: str = "modified") -> tuple[Order, Order]:
    """Order every listing of CDS-WG1-02; a forged cursor is rejected and causes no crash."""
    return (
        Order(column, descending=True, parse=parse_datetime),
        Order("id", descending=True, parse=_row_number),
    )


def _row_number(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError(value)
    return value


def client_payload(request: Request) -> object:
    """Return the body of a registration or PUT. Raises InvalidClientMetadata (RFC 7591 3.2.2)."""
    try:
        return _body(request)
    except exceptions.ParseError as error:
        raise InvalidClientMetadata(str(error.detail)) from error
    except RecursionError as error:
        raise InvalidClientMetadata("The request body is nested too deeply.") from error


def object_payload(request: Request) -> dict[str, Any]:
    """Return the body of an admin API request. Raises InvalidRequest unless it is an object."""
    try:
        payload = _body(request)
    except RecursionError as error:
        raise InvalidRequest("The request body is nested too deeply.") from error
    if not isinstance(payload, dict):
        raise InvalidRequest("The request body must be a JSON object.")
    return payload


def _body(request: Request) -> object:
    """Return the parsed body, None without one: the framework would make that an empty object.

    A body that was lost in transit must not look like one that resets every field (decision 59).
    """
    return request.data if request.stream is not None else None
