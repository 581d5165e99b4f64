"""Cacheable responses with an ETag (RFC 9110 13, CDS-WG1-01 3)."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from rest_framework.request import Request

from portal.values import jsontext

MAX_AGE = 300


def cacheable(
    request: Request, body: bytes, *, content_type: str = "application/json"
) -> HttpResponse:
    """Return the body, or 304 when the reader already has it."""
    plain: HttpRequest = request._request
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type=content_type)
    response["ETag"] = etag
    answer = get_conditional_response(plain, etag=etag, response=response)
    result: HttpResponse = response if answer is None else answer
    result["ETag"] = etag
    patch_cache_control(result, public=True, max_age=MAX_AGE)
    return result


def cacheable_json(request: Request, document: Any) -> HttpResponse:
    """Return a JSON document, or 304."""
    return cacheable(request, jsontext.dumps(document))
