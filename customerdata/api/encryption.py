"""Responses that only the end device of a customer can read (CDS-WG3-01 7.4.6).

A Grant that was authorized with a `jwk` gets every response body of these APIs as a compact JWE:
ECDH-ES with A256GCM, media type application/jose (decision 20). Errors as well, since they say what
was asked for; status and headers tell a client enough. Only while the token is not known, so that
nobody knows for whom, an error is in clear (decision 57).
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from joserfc import jwe
from joserfc.jwk import ECKey
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from consent.models import Grant
from portal.http.compression import compressed

MEDIA_TYPE = "application/jose"
# RFC 9110 6.4.1.
_BODILESS = frozenset({204, 304})


def grant_key(grant: Grant) -> Mapping[str, Any] | None:
    """Return the public key of a Grant; all its entries have the same one, or none."""
    keys: Iterable[Any] = (entry.get("jwk") for entry in grant.authorization_details)
    return next((key for key in keys if key is not None), None)


def encrypt(
    plaintext: bytes, key: Mapping[str, Any], media_type: str = "application/json"
) -> bytes:
    """Return a compact JWE that only the holder of the private key can read."""
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "cty": media_type}
    if "kid" in key:
        header["kid"] = key["kid"]
    return jwe.encrypt_compact(header, plaintext, ECKey.import_key(dict(key))).encode()


def sealed(
    request: Request, response: HttpResponseBase, key: Mapping[str, Any]
) -> HttpResponseBase:
    """Return the response with its body encrypted; what has no body gets none.

    It must be ready to be rendered; a streamed one is read to its end.
    """
    if response.status_code in _BODILESS:
        return response
    if isinstance(response, Response):
        response.render()
    media_type = response.get("Content-Type", "application/json").partition(";")[0]
    content = b"" if request.method == "HEAD" else encrypt(_content(response), key, media_type)
    found = HttpResponse(content, content_type=MEDIA_TYPE, status=response.status_code)
    for name, value in response.items():
        if name not in {"Content-Type", "Content-Length"}:
            found[name] = value
    return found


def _content(response: HttpResponseBase) -> bytes:
    if isinstance(response, StreamingHttpResponse):
        return b"".join(cast(Iterable[bytes], response.streaming_content))
    return response.content if isinstance(response, HttpResponse) else b""


class EncryptedView(APIView):
    """Mixin for views of customer data: what they answer is sealed, or else compressed."""

    # That of the token's Grant, once the token is known.
    key: Mapping[str, Any] | None = None
    compresses: ClassVar[bool] = True

    def perform_authentication(self, request: Request) -> None:
        """Authenticate as the framework does, and note for whom answers are from here on."""
        super().perform_authentication(request)
        grant = getattr(request.user, "grant", None)
        self.key = None if grant is None else grant_key(grant)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Finish the response as the framework does, then encrypt it if the Grant says so.

        What is encrypted cannot be compressed any more.
        """
        finished = super().finalize_response(request, response, *args, **kwargs)
        if self.key is None:
            return compressed(request, finished) if self.compresses else finished
        return sealed(request, finished, self.key)
