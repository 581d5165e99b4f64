"""The scopes that the OAuth library may know of: the deployment's offers."""

from typing import Any

from oauth2_provider.scopes import BaseScopes

from registration.models import Client
from registration.services.catalogue import offers


class OfferedScopes(BaseScopes):
    """Reads the offers; a Client has those that it registered."""

    def get_all_scopes(self) -> dict[str, str]:
        """Return all scope ids with their names."""
        return {
            scope_id: offer.name or offer.scope_type.title
            for scope_id, offer in offers.current_offers().items()
        }

    def get_available_scopes(
        self, application: Client | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scope ids of a Client that are still offered."""
        offered = offers.current_offers()
        return [scope for scope in (application.scopes if application else []) if scope in offered]

    def get_default_scopes(
        self, application: Client | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the Client's default scope, else all its scopes."""
        default = application.default_scope.split() if application else []
        available = self.get_available_scopes(application, request)
        return [scope for scope in default if scope in available] or available
