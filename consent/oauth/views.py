"""The OAuth endpoints for programs, which get JSON whatever they accept."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from consent.oauth import client_credentials
from consent.oauth.backend import shared_backend
from consent.oauth.callers import Caller, InvalidClient, identify
from consent.oauth.errors import BASIC_CHALLENGE
from consent.oauth.introspection import introspect
from consent.services import tokens
from consent.services.authorization import request as requests
from consent.services.authorization.answer import plain_ascii
from consent.services.authorization.parameters import (
    MalformedRequest,
    Parameters,
    body_parameters,
)
from portal.errors import DomainError
from portal.http.context import current
from portal.http.permissions import public
from portal.values.jsontext import dumps

View = Callable[[HttpRequest], HttpResponse]


def json_response(body: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Return an answer that no cache keeps (RFC 6749 5.1)."""
    response = HttpResponse(dumps(dict(body)), content_type="application/json", status=status)
    response["Cache-Control"], response["Pragma"] = "no-store", "no-cache"
    return response


def error_response(error: DomainError) -> HttpResponse:
    """Return an error in the shape of RFC 6749 5.2."""
    body = {**error.as_dict(), "error_description": plain_ascii(error.message)}
    response = json_response({**body, "request_id": current.get().request_id}, error.status)
    if error.status == 401:
        response["WWW-Authenticate"] = BASIC_CHALLENGE
    return response


def machine_endpoint(view: View) -> View:
    """POST only, no CSRF cookie, errors as JSON; open to all, as clients authenticate inside."""

    @public
    @csrf_exempt
    @sensitive_post_parameters()
    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            body = {"error": "method_not_allowed", "error_description": "Send a POST request."}
            response = json_response(body, 405)
            response["Allow"] = "POST"
            return response
        try:
            return view(request)
        except DomainError as error:
            return error_response(error)

    return wrapped


def _caller(request: HttpRequest, parameters: Parameters) -> Caller:
    parameters.refuse_repeated()
    return _identify(request, parameters)


def _identify(request: HttpRequest, parameters: Parameters) -> Caller:
    return identify(
        authorization=request.META.get("HTTP_AUTHORIZATION", ""),
        params=parameters.values,
        address=current.get().network,
    )


@machine_endpoint
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code, a refresh token or client credentials for tokens (RFC 6749 3.2)."""
    if request.META.get("QUERY_STRING"):
        raise MalformedRequest("Parameters belong in the body, not in the address.")
    parameters = body_parameters(request)
    if _required(parameters, "grant_type") == client_credentials.GRANT_TYPE:
        caller = _caller(request, parameters)
        return json_response(client_credentials.issue(caller=caller, parameters=parameters))
    _uri, headers, body, status = shared_backend().create_token_response(request)
    answer = json.loads(body)
    if status >= 400:
        answer["request_id"] = current.get().request_id
    response = json_response(answer, status)
    if "WWW-Authenticate" in headers:
        response["WWW-Authenticate"] = headers["WWW-Authenticate"]
    return response


@machine_endpoint
def revoke(request: HttpRequest) -> HttpResponse:
    """End one of the client's own tokens; unknown ones count as ended (RFC 7009 2.2)."""
    parameters = body_parameters(request)
    caller = _caller(request, parameters)
    raw = _required(parameters, "token")
    by = f"client:{caller.client.client_id}"
    tokens.revoke_token(client=caller.client, raw=raw, by=by)
    return json_response({})


@machine_endpoint
def introspection(request: HttpRequest) -> HttpResponse:
    """Tell a client with a secret about tokens of its own registration (RFC 7662)."""
    parameters = body_parameters(request)
    caller = _caller(request, parameters)
    if caller.credential is None:
        raise InvalidClient("Only clients with a secret may introspect.")
    raw = _required(parameters, "token")
    return json_response(introspect(raw=raw, client=caller.client))


@machine_endpoint
def par(request: HttpRequest) -> HttpResponse:
    """Take an authorization request ahead of the browser (RFC 9126)."""
    parameters = body_parameters(request)
    caller = _identify(request, parameters)
    try:
        row = requests.open_request(query=parameters, client=caller.client)
    except requests.RefusedRequest as refused:
        return error_response(refused.cause)
    left = row.expires - timezone.now()
    answer = {"request_uri": requests.REQUEST_URI + row.request_id, "expires_in": left.seconds + 1}
    return json_response(answer, 201)


def _required(parameters: Parameters, name: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise MalformedRequest(f"{name} is missing.", field=name)
    return value
