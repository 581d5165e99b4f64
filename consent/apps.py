"""Application configuration."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import AppConfig

from registration.catalogue.offers import ScopeOffer


class ConsentConfig(AppConfig):
    """OAuth, customer consent and Grants (CDS-WG1-02 8, CDS-WG3-01 6 to 9)."""

    name = "consent"
    verbose_name = "Consent"

    def ready(self) -> None:
        """Plug the catalogue, the endpoints and the checks in."""
        from consent import catalogue, checks, retention
        from consent.oauth.metadata import oauth_endpoints
        from consent.services.authorization import approve_grant_request
        from consent.services.grants import review
        from registration.catalogue.metadata_parts import metadata_parts
        from registration.hooks import details_validators

        catalogue.register()
        checks.register()
        metadata_parts.register("oauth", oauth_endpoints)
        details_validators.register("consent", check_default_details)
        approve_grant_request.register()
        review.register()
        retention.register()


def check_default_details(
    details: Sequence[Mapping[str, Any]], offers: Mapping[str, ScopeOffer]
) -> None:
    """Check a Client's default authorization details like a request's (CDS-WG1-02 5.1).

    Raises InvalidAuthorizationDetails.
    """
    from consent.catalogue.details import parse_request

    parse_request([], details, offers)
