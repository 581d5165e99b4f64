"""What consent calls when a Grant begins or ends (consent.customer_accounts.GrantListener)."""

from collections.abc import Collection

from consent.catalogue.selection import SelectionType
from consent.models import Grant
from customerdata.access.compute import compute_grant, forget_grant
from customerdata.access.entries import grant_entries, holdings
from customerdata.models import Account, MeterDevice, ServiceContractVersion, ServicePoint


class AccessComputation:
    """Computes what Grants give access to."""

    def size(self, grant: Grant) -> int:
        """Return how many objects the Grant's selections name, each counted once."""
        held = holdings(grant)
        named: set[tuple[str, str]] = set()
        all_types: set[str] = set()
        for entry in grant_entries(grant, held.whole):
            choice = entry.choice
            named |= {(choice.selection_type, public_id) for public_id in choice.objects}
            if choice.everything:
                all_types.add(choice.selection_type)
        whole = sum(_count(selection_type, held.accounts) for selection_type in all_types)
        return whole + sum(selection_type not in all_types for selection_type, _ in named)

    def grant_approved(self, grant: Grant) -> None:
        """Compute access now, inside the approving transaction."""
        compute_grant(grant)

    def grant_ended(self, grant: Grant) -> None:
        """Forget what was computed."""
        forget_grant(grant)


def _count(selection_type: str, accounts: Collection[int]) -> int:
    """Count what "everything" means for accounts; points and meters count by customer."""
    keys = list(accounts)
    if selection_type == SelectionType.ACCOUNT:
        return len(keys)
    if selection_type == SelectionType.SERVICE_CONTRACT:
        return int(ServiceContractVersion.objects.current().filter(account__in=keys).count())
    model = ServicePoint if selection_type == SelectionType.SERVICE_POINT else MeterDevice
    customers = Account.objects.filter(pk__in=keys).values("customer")
    return int(model._default_manager.filter(customer__in=customers).count())
