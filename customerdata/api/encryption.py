"""Responses that only a customer's end device can read (CDS-WG3-01 7.4.6).

If a Grant was authorized with a `jwk`, every response body of these APIs is a compact JWE: ECDH-ES
with A256GCM, media type application/jose (decision 20). This includes errors, since they reveal
what was requested; status and headers tell the client enough. An error is in plaintext only if the
token is not known, because then there is no key to encrypt it with (decision 57).
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
    """Return the public key of a Grant; its entries all have the same one, or none."""
    keys: Iterable[Any] = (entry.get("jwk") for entry in grant.authorization_details)
    return next((key for key in keys if key is not None), None)


def encrypt(
    plaintext: bytes, key: Mapping[str, Any], media_type: str = "application/json"
) -> bytes:
    """Return a compact JWE that only the holder of the private key can decrypt."""
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "cty": media_type}
    if "kid" in key:
        header["kid"] = key["kid"]
    return jwe.encrypt_compact(header, plaintext, ECKey.import_key(dict(key))).encode()


def sealed(
    request: Request, response: HttpResponseBase, key: Mapping[str, Any]
) -> HttpResponseBase:
    """Return the response with its body encrypted; a response without a body stays without one.

    The response must be ready to render; a streamed one is read to its end.
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
    """Mixin for views of customer data: encrypts responses, or else compresses them."""

    # The key of the token's Grant, once the token is known.
    key: Mapping[str, Any] | None = None
    compresses: ClassVar[bool] = True

    def perform_authentication(self, request: Request) -> None:
        """Authenticate as the framework does, and keep the key for the responses."""
        super().perform_authentication(request)
        grant = getattr(request.user, "grant", None)
        self.key = None if grant is None else grant_key(grant)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Finish the response as the framework does, then encrypt it if the Grant has a key.

        Encrypted data does not compress, so it is sent uncompressed.
        """
        finished = super().finalize_response(request, response, *args, **kwargs)
        if self.key is None:
            return compressed(request, finished) if self.compresses else finished
        return sealed(request, finished, self.key)
