"""Reading a Grant: its entries, what was chosen for each, and as of when each is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from consent.catalogue.access import EntryAccess, read_entry
from consent.models import Grant, Selection
from customerdata.access.rules import Choice
from customerdata.models import Account, AccountHolder
from customerdata.models.access import FOREVER
from registration.catalogue.types import ScopeType, scope_types
from registration.services.offers import current_offers


@dataclass(frozen=True, slots=True)
class GrantEntry:
    """One authorization details entry: what it opens, for which choice, read as of when.

    `cutoff` is `sync_until`, FOREVER when infinite.
    """

    index: int
    access: EntryAccess
    choice: Choice

    @property
    def cutoff(self) -> datetime:
        """The last instant whose truth the entry shows (CDS-WG3-01 7.3.1)."""
        return self.access.sync_until or FOREVER


@dataclass(frozen=True, slots=True)
class Holdings:
    """The accounts of the person who authorized: primary keys of customers by account."""

    accounts: Mapping[int, int]

    @property
    def customers(self) -> frozenset[int]:
        """The customers behind the accounts."""
        return frozenset(self.accounts.values())


def environment_of(grant: Grant) -> str:
    """Return `sandbox` or `production`: which customers the Grant's Client may meet."""
    return "sandbox" if "sandbox" in grant.client.cds_status_options else "production"


def holdings(grant: Grant) -> Holdings:
    """Return the accounts that the customer held when the Grant was made."""
    if grant.user_id is None:
        return Holdings({})
    links = AccountHolder.objects.of(grant.user, environment=environment_of(grant))
    rows = Account.objects.filter(holders__in=links.at(grant.created))
    return Holdings(dict(rows.values_list("pk", "customer_id")))


def grant_entries(grant: Grant, held: Holdings) -> list[GrantEntry]:
    """Return the entries that can be read; one whose scope nobody offers any more opens nothing."""
    selections = {selection.entry: selection for selection in grant.selections.all()}
    entries = []
    for index, details in enumerate(grant.authorization_details):
        scope_type = _scope_type(details["type"])
        if scope_type is not None and index in selections:
            choice = _choice(grant, selections[index], held)
            entries.append(GrantEntry(index, read_entry(details, scope_type), choice))
    return entries


def _choice(grant: Grant, selection: Selection, held: Holdings) -> Choice:
    return Choice(
        selection_type=selection.selection_type,
        objects=frozenset(selection.object_ids),
        everything=selection.everything,
        include_future=selection.include_future,
        accounts=frozenset(held.accounts),
        since=grant.created,
    )


def _scope_type(scope_id: str) -> ScopeType | None:
    """Return the type of a scope id; ids equal to a type outlive their offer."""
    offer = current_offers().get(scope_id)
    return offer.scope_type if offer is not None else scope_types().get(scope_id)
