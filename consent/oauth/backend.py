"""Between Django's requests and the OAuth library."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore

from consent.oauth.params import body_parameters


class CdsBackend(OAuthLibCore):
    """Reads bodies whatever their Content-Type; refuses parameters that came twice."""

    def _extract_params(self, request: HttpRequest) -> tuple[str, str, str, dict[str, Any]]:
        parameters = body_parameters(request)
        parameters.refuse_repeated()
        uri = self._get_escaped_full_path(request)
        return (
            uri,
            request.method or "",
            urlencode(parameters.values),
            self.extract_headers(request),
        )
