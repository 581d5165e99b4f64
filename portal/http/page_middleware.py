"""Framework middleware that only pages need; endpoints for programs bypass it."""

from typing import Any

from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import locale
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin

from portal.http.middleware import is_machine_path


class _ForPages(MiddlewareMixin):
    async_capable = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Process requests for pages; pass on all others."""
        handle: Any = self.get_response if is_machine_path(request.path) else super().__call__
        answer: HttpResponseBase = handle(request)
        return answer


class SessionMiddleware(_ForPages, sessions.SessionMiddleware):
    """The session of a signed-in person; programs send a token with each request instead."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Load the session of a cookie before the parent saves it, as it does with every response.

        Without loading, saving would create a session for a cookie that matches none.
        """
        if settings.SESSION_COOKIE_NAME in request.COOKIES and response.status_code < 500:
            request.session.keys()
        return super().process_response(request, response)


class AuthenticationMiddleware(_ForPages, auth.AuthenticationMiddleware):
    """The person who is signed in to the session."""


class MessageMiddleware(_ForPages, messages.MessageMiddleware):
    """Messages for the person on the next page."""


class LocaleMiddleware(_ForPages, locale.LocaleMiddleware):
    """The language of the page; programs get LANGUAGE_CODE, regardless of earlier requests."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Reset the language that an earlier request set in this thread."""
        translation.deactivate()
        return super().__call__(request)
