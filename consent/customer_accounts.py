"""What consent needs to know about customers, and what it notifies about Grants.

Implemented by customerdata, registered from its AppConfig; consent never imports it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from consent.models import Grant
from portal.models import User


@dataclass(frozen=True, slots=True)
class Selectable:
    """One row of a selection list (CDS-WG3-01 9.2.3).

    `id` is the object's public id. `service_type` holds all `service_types` of a service contract,
    separated by commas: the form names each (9.2.3.2); of an account it is `account`. `facts` are
    what preselection fields match against, by field id, for example {"contract_numbers": {"222"},
    "service_types": {"electric"}}.
    """

    id: str
    number: str
    name: str
    address: str
    service_type: str
    account: str
    facts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unavailable_reason: str = ""


class CustomerCatalog(Protocol):
    """The customers' side of the utility, as far as the consent form needs it."""

    def can_authorize(self, user: User, *, environment: str) -> bool:
        """Whether this person has accounts that Clients of this environment may ask for.

        Sandbox Clients meet test customers only, production Clients only others.
        """

    def selectables(
        self, user: User, selection_type: str, *, environment: str
    ) -> Sequence[Selectable]:
        """Return everything that the person may share, in the order of the form. Any count of
        objects must cost a constant number of queries."""

    def normalized_address(self, address: str) -> str:
        """Return an address of a request in the form of the `addresses` facts (7.1.13.1)."""

    def examples(self, user: User) -> Mapping[str, str]:
        """Return masked example values of the customer's own, by authorization details field id."""

    def contact_email(self, user: User) -> str:
        """Where the receipt goes."""


class GrantListener(Protocol):
    """Computes what a Grant gives access to."""

    def size(self, grant: Grant) -> int:
        """How many objects the Grant's selections name."""

    def grant_approved(self, grant: Grant) -> None:
        """Compute access now, inside the approving transaction (small selections), and note in the
        Grant, and in the given row, when its last new data comes."""

    def grant_ended(self, grant: Grant) -> None:
        """Forget what was computed; runs in the ending transaction."""


class _Plugins:
    catalog: CustomerCatalog | None = None
    listener: GrantListener | None = None


_plugins = _Plugins()


def register(*, catalog: CustomerCatalog, listener: GrantListener) -> None:
    """Plug in the upper app; called once from AppConfig.ready()."""
    _plugins.catalog, _plugins.listener = catalog, listener


def catalog() -> CustomerCatalog:
    """Return the registered catalog; raises RuntimeError when no app provides one."""
    if _plugins.catalog is None:
        raise RuntimeError("no CustomerCatalog is registered")
    return _plugins.catalog


def listener() -> GrantListener:
    """Return the registered listener; raises RuntimeError when no app provides one."""
    if _plugins.listener is None:
        raise RuntimeError("no GrantListener is registered")
    return _plugins.listener
