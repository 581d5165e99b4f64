"""Forms for the ways to sign in."""

from typing import Any

from allauth.socialaccount.forms import DisconnectForm as AllauthDisconnectForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from portal.errors import DomainError
from portal.models import User
from portal.sign_in.allauth_private import validate_disconnect
from portal.sign_in.openid.config import named_providers


class LastWayIn(DomainError):
    """Without this provider the person could no longer sign in; the message says why."""

    code = "last_way_in"
    status = 409


class DisconnectForm(AllauthDisconnectForm):  # type: ignore[misc]
    """Removes a provider; one that the operator has taken out is neither shown nor removed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = {each.id: each.name for each in named_providers()}
        self.accounts: QuerySet[Any] = self.accounts.filter(provider__in=self.names).order_by("pk")
        self.fields["account"].queryset = self.accounts

    @transaction.atomic
    def save(self) -> None:
        """Remove it, together with a record of it (`portal.sign_in.openid.adapter.removed`).

        Raises LastWayIn if the other ways to sign in were removed after the form was checked.
        """
        account = self.cleaned_data["account"]
        User.objects.select_for_update(no_key=True).only("pk").get(pk=account.user_id)
        try:
            validate_disconnect(self.request, account)
        except ValidationError as error:
            raise LastWayIn(error.messages[0]) from error
        super().save()

    def connected(self) -> list[str]:
        """Return the ids of providers that need not be offered again."""
        return [account.provider for account in self.accounts]

    def connections(self) -> list[dict[str, Any]]:
        """Return what the page lists: the row, the provider's name, the address there."""
        return [
            {
                "account": account,
                "name": self.names[account.provider],
                "address": account.extra_data.get("email", ""),
            }
            for account in self.accounts
        ]
