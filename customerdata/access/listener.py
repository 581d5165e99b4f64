"""What consent calls when a Grant begins or ends (consent.customer_accounts.GrantListener)."""

from collections.abc import Collection

from consent.models import Grant
from customerdata.access.compute import compute_grant, forget_grant
from customerdata.access.entries import grant_entries, holdings
from customerdata.kinds.base import Name
from customerdata.kinds.registry import kind_of_selection
from customerdata.models import Account


class AccessComputation:
    """Computes what each Grant gives access to."""

    def size(self, grant: Grant) -> int:
        """Return the number of distinct objects that the Grant's selections name."""
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
        """Compute access immediately, inside the approving transaction."""
        compute_grant(grant)

    def grant_ended(self, grant: Grant) -> None:
        """Delete what was computed."""
        forget_grant(grant)


def _count(selection_type: str, accounts: Collection[int]) -> int:
    """Count what "everything" means for accounts; points and meters count by customer."""
    kind, keys = kind_of_selection(selection_type), list(accounts)
    if kind is None:
        return 0
    if kind.name == Name.ACCOUNT:
        return len(keys)
    if any(link.kind == Name.ACCOUNT for link in kind.links):
        versions = kind.version._default_manager.current()
        return int(versions.filter(account__in=keys).count())
    customers = Account.objects.filter(pk__in=keys).values("customer")
    return int(kind.identity._default_manager.filter(customer__in=customers).count())
