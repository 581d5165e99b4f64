"""Sign-in on the way to an authorization."""

from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]

SESSION_KEY = "consent_return"
SIGN_IN_PATHS = "/accounts/"
RETURN_PATHS = ("/oauth/authorize",)


class AuthorizationSignInMiddleware:
    """Takes form-action off sign-in pages that lead to an authorization.

    Browsers apply form-action to every redirect after a POST, and the chain sign-in, second
    factor, form may end at the client at once (for example `cds_grant_id_invalid_user`). The pages
    in between do not all carry `next`, so the session remembers where the person came from. Must
    stand inside (after) ContentPolicyMiddleware and SessionMiddleware.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Mark responses of the account pages."""
        response = self.get_response(request)
        if request.path.startswith(SIGN_IN_PATHS) and leads_to_authorization(request):
            # Read by ContentPolicyMiddleware, which runs outside of this one.
            response._csp_replace = {"form-action": None}  # type: ignore[attr-defined]
        return response


def leads_to_authorization(request: HttpRequest) -> bool:
    """Whether this page's form goes on to an authorization."""
    target = request.GET.get("next") or request.POST.get("next") or ""
    if unquote(target).startswith(RETURN_PATHS):
        return True
    session = getattr(request, "session", None)
    return session is not None and SESSION_KEY in session
