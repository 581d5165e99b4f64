"""The framework's middleware that only pages for people need; machine endpoints skip it."""

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
        """Do the work for pages, nothing for programs."""
        handle: Any = self.get_response if is_machine_path(request.path) else super().__call__
        answer: HttpResponseBase = handle(request)
        return answer


class SessionMiddleware(_ForPages, sessions.SessionMiddleware):
    """Who signed in; a program shows a token each time."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Look up the session of a cookie before it is saved with every answer.

        Saved unread, the cookie of a session that nobody has would make one.
        """
        if settings.SESSION_COOKIE_NAME in request.COOKIES and response.status_code < 500:
            request.session.keys()
        return super().process_response(request, response)


class AuthenticationMiddleware(_ForPages, auth.AuthenticationMiddleware):
    """The person of the session."""


class MessageMiddleware(_ForPages, messages.MessageMiddleware):
    """What the next page tells the person."""


class LocaleMiddleware(_ForPages, locale.LocaleMiddleware):
    """The language of the page. Programs get LANGUAGE_CODE, whatever page came before."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Forget the language of the request that this thread had before."""
        translation.deactivate()
        return super().__call__(request)
