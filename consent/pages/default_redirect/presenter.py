"""What became of a request whose client has no page of its own (CDS-WG3-01 9.3.3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registration.catalogue.types import Text

_REASONS: Mapping[str, Text] = {
    "invalid_request": gettext_lazy("The request was not put together correctly."),
    "invalid_scope": gettext_lazy("The request asks for data that this company may not ask for."),
    "invalid_authorization_details": gettext_lazy(
        "The request asks for data in a way that we cannot follow."
    ),
    "no_preselections": gettext_lazy(
        "Your account does not have the accounts or services that the company asked for."
    ),
    "unauthorized_client": gettext_lazy("This company may not ask for data in this way."),
    "cds_grant_id_invalid_value": gettext_lazy(
        "The request is about a consent that is not waiting for your answer."
    ),
    "cds_grant_id_invalid_user": gettext_lazy("The request was made for another customer."),
    "login_required": gettext_lazy("You were not signed in."),
    "server_error": gettext_lazy("We had a problem on our side."),
    "temporarily_unavailable": gettext_lazy("We could not answer at this moment."),
}


@dataclass(frozen=True, slots=True)
class DefaultRedirectPage:
    """What the page says. `declined` is a confirmation, `sharing_url` a way on without trouble."""

    declined: bool
    heading: str
    paragraphs: tuple[str, ...]
    sharing_url: str = ""


def no_receipt_page() -> DefaultRedirectPage:
    """Return the page for a code that opens no receipt, or no longer does."""
    return DefaultRedirectPage(
        declined=False,
        heading=_("This address no longer opens a receipt"),
        paragraphs=(
            _("It works once, for a few minutes after you have answered the request."),
            _("Your receipt is in the email that we sent to you, and on your own pages here."),
        ),
        sharing_url=reverse("consent:sharing"),
    )


def default_redirect_page(company: str, error: str) -> DefaultRedirectPage:
    """Return the page for an error parameter.

    Anyone can write the parameters, so no text of theirs is shown: known codes have sentences.
    """
    words = {"company": company}
    if error == "access_denied":
        return DefaultRedirectPage(
            declined=True,
            heading=_("You declined the request"),
            paragraphs=(
                _("Nothing was shared with %(company)s. This page is your confirmation.") % words,
                _("You can close it now."),
            ),
        )
    reason = _REASONS.get(error, _("The request could not be completed."))
    return DefaultRedirectPage(
        declined=False,
        heading=_("The request of %(company)s could not be completed") % words,
        paragraphs=(
            str(reason),
            _("Nothing was shared."),
            _(
                "Tell %(company)s, or the website or app that gave you the link, that their "
                "request could not be completed."
            )
            % words,
        ),
    )
