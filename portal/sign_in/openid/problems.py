"""Why a sign-in with a provider did not work, and the message for the person."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import urlencode

from allauth.socialaccount.providers.base import ProviderException
from django.urls import reverse
from django.utils.translation import gettext as _

REAUTHENTICATE = "reauthenticate"
CONNECT = "connect"
LOGIN = "login"


class Problem(StrEnum):
    """What went wrong, as far as the person can do something about it."""

    CANCELLED = "cancelled"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    EXPIRED = "expired"
    MAIL_MISSING = "mail_missing"
    MAIL_UNVERIFIED = "mail_unverified"
    KNOWN_MAIL = "known_mail"
    NOT_ASKED_AGAIN = "not_asked_again"
    SOMEBODY_ELSE = "somebody_else"


class SignInProblem(ProviderException):  # type: ignore[misc]
    """A sign-in that ends on the page of a Problem; `detail` is only for the log."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """The text of the page, and the target of its button."""

    heading: str
    text: str
    button: str
    url: str
    status: int


_STATUS = {
    Problem.UNAVAILABLE: HTTPStatus.BAD_GATEWAY,
    Problem.REFUSED: HTTPStatus.BAD_GATEWAY,
    Problem.EXPIRED: HTTPStatus.BAD_REQUEST,
}


def problem_page(problem: Problem, *, name: str, process: str, next_url: str) -> ProblemPage:
    """Return the page for a problem with the provider called `name`.

    The button leads back to where the person came from, and passes on `next_url`.
    """
    heading, text = _words(problem, name)
    button, target = _way_back(process)
    query = f"?{urlencode({'next': next_url})}" if next_url else ""
    status = _STATUS.get(problem, HTTPStatus.FORBIDDEN)
    return ProblemPage(heading, text, button, f"{reverse(target)}{query}", status)


def _way_back(process: str) -> tuple[str, str]:
    if process == CONNECT:
        return _("Back to your ways to sign in"), "socialaccount_connections"
    if process == REAUTHENTICATE:
        return _("Try again"), "account_reauthenticate"
    return _("Back to sign-in"), "account_login"


def _words(problem: Problem, name: str) -> tuple[str, str]:
    words = {
        Problem.CANCELLED: (
            _("You did not sign in with %(name)s"),
            _("Nothing has changed. You can try again or choose another way."),
        ),
        Problem.UNAVAILABLE: (
            _("%(name)s is not responding"),
            _("Try again in a few minutes, or choose another way. Nothing is lost."),
        ),
        Problem.REFUSED: (
            _("Signing in with %(name)s did not work"),
            _("We could not accept the answer from %(name)s. Try again, or choose another way."),
        ),
        Problem.EXPIRED: (
            _("This sign-in has expired"),
            _("It was open for too long, or was started in another window. Please start again."),
        ),
        Problem.MAIL_MISSING: (
            _("We need your email address"),
            _(
                "%(name)s did not give us one. Add an address there and try again, or create an "
                "account here."
            ),
        ),
        Problem.MAIL_UNVERIFIED: (
            _("Your email address is not confirmed"),
            _(
                "%(name)s has not confirmed that the address is yours. Confirm it there and try "
                "again, or create an account here."
            ),
        ),
        Problem.KNOWN_MAIL: (
            _("You already have an account here"),
            _(
                "Sign in the way you did before, or set a new password with “Forgot your "
                "password?”. Then you can add %(name)s under “Ways to sign in”."
            ),
        ),
        Problem.NOT_ASKED_AGAIN: (
            _("%(name)s did not confirm that it's you"),
            _(
                "This step requires a new sign-in, and %(name)s did not show that there was one. "
                "Sign out there and try again, or choose another way."
            ),
        ),
        Problem.SOMEBODY_ELSE: (
            _("You signed in with %(name)s as someone else"),
            _("Sign in there with the account that is connected here, or sign out first."),
        ),
    }
    heading, text = words[problem]
    return heading % {"name": name}, text % {"name": name}
