"""Between Django's requests and the OAuth library."""

from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore, get_oauthlib_core

from consent.services.authorization.parameters import body_parameters


class CdsBackend(OAuthLibCore):
    """Reads bodies whatever their Content-Type; refuses parameters that came twice.

    Of the headers the library learns the one that `CdsValidator` reads.
    """

    def _extract_params(self, request: HttpRequest) -> tuple[str, str, str, dict[str, Any]]:
        parameters = body_parameters(request)
        parameters.refuse_repeated()
        uri = self._get_escaped_full_path(request)
        headers = {"Authorization": request.headers.get("Authorization", "")}
        return uri, request.method or "", urlencode(parameters.values), headers


# Nothing of a request stays in it, so one serves all.
shared_backend = cache(get_oauthlib_core)
