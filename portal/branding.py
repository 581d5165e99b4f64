"""How the deployment presents itself; templates see it as `utility`."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal.terms import has_customer_terms


@dataclass(frozen=True, slots=True)
class Utility:
    """Names and links of the utility, as customers know it; `terms_url` is "" without terms."""

    name: str
    abbreviation: str
    website: str
    support_email: str
    support_url: str
    privacy_url: str
    terms_url: str
    logo_url: str


def current_utility() -> Utility:
    """Return the utility of this deployment."""
    return Utility(
        name=settings.UTILITY_NAME,
        abbreviation=settings.UTILITY_ABBREVIATION,
        website=settings.UTILITY_WEBSITE,
        support_email=settings.UTILITY_SUPPORT_EMAIL,
        support_url="/docs/support/",
        privacy_url="/docs/privacy/",
        terms_url=reverse("portal:terms") if has_customer_terms() else "",
        logo_url="",
    )


def utility(request: HttpRequest) -> dict[str, object]:
    """Context processor that adds `utility`."""
    return {"utility": current_utility()}
