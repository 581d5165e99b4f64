"""Responses that only the end device of a customer can read (CDS-WG3-01 7.4.6).

A Grant that was authorized with a `jwk` gets every customer data response as a compact JWE:
ECDH-ES with A256GCM, media type application/jose (decision 20). Errors stay in clear; they carry
no customer data, and a client needs to understand them without the device.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from joserfc import jwe
from joserfc.jwk import ECKey
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from consent.models import Grant
from portal.compression import compressed

MEDIA_TYPE = "application/jose"


def grant_key(grant: Grant) -> Mapping[str, Any] | None:
    """Return the public key of a Grant; all its entries have the same one, or none."""
    keys: Iterable[Any] = (entry.get("jwk") for entry in grant.authorization_details)
    return next((key for key in keys if key is not None), None)


def encrypt(plaintext: bytes, key: Mapping[str, Any]) -> bytes:
    """Return a compact JWE that only the holder of the private key can read."""
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "cty": "application/json"}
    if "kid" in key:
        header["kid"] = key["kid"]
    return jwe.encrypt_compact(header, plaintext, ECKey.import_key(dict(key))).encode()


def finalize(request: Request, response: HttpResponseBase) -> HttpResponseBase:
    """Encrypt a successful response where the Grant of the request's token asks for it.

    The response must be ready to be rendered; a streamed one is read to its end.
    """
    grant = getattr(request.user, "grant", None)
    key = grant_key(grant) if grant is not None else None
    if key is None or response.status_code != 200:
        return response
    if isinstance(response, Response):
        response.render()
    sealed = HttpResponse(encrypt(_content(response), key), content_type=MEDIA_TYPE)
    for name, value in response.items():
        if name not in {"Content-Type", "Content-Length"}:
            sealed[name] = value
    return sealed


def _content(response: HttpResponseBase) -> bytes:
    if isinstance(response, StreamingHttpResponse):
        return b"".join(cast(Iterable[bytes], response.streaming_content))
    return response.content if isinstance(response, HttpResponse) else b""


class EncryptedView(APIView):
    """Mixin for views of customer data: what they answer is sealed, or else compressed."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Finish the response as the framework does, then encrypt it if the Grant says so.

        What is encrypted cannot be compressed any more.
        """
        finished = super().finalize_response(request, response, *args, **kwargs)
        sealed = finalize(request, finished)
        return compressed(request, finished) if sealed is finished else sealed
