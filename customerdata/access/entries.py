"""Reads a Grant: its entries, the choice for each, and the instant as of which each is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from consent.catalogue.access import EntryAccess, meaning_of, read_entry
from consent.models import Grant, Selection
from customerdata.access.rules import Choice
from customerdata.models import AccountHolder
from customerdata.models.access import FOREVER


@dataclass(frozen=True, slots=True)
class Part:
    """Accounts whose links to the person end at the same instant, FOREVER if they are open.

    `since` is set for an account that was linked after the Grant was given: its services are
    future services.
    """

    until: datetime
    accounts: frozenset[int]
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holdings:
    """The accounts of the person who authorized: primary keys of customers by account.

    `later` holds the accounts that were added after the customer's first choice, with the start of
    each link. `ends` holds the end of each link that has ended; no newer data is shared (ADR 5).
    `mistaken` holds other accounts, whose links were mistakes or ended before the Grant began,
    with the end of each link; they show nothing.
    """

    accounts: Mapping[int, int]
    ends: Mapping[int, datetime] = field(default_factory=dict)
    mistaken: Mapping[int, datetime] = field(default_factory=dict)
    later: Mapping[int, datetime] = field(default_factory=dict)

    @property
    def parts(self) -> list[Part]:
        """The accounts by the end of their links, earliest first; later accounts are separate."""
        groups: dict[datetime, set[int]] = {}
        for account in self.accounts.keys() - self.later:
            groups.setdefault(self.ends.get(account, FOREVER), set()).add(account)
        parts = [Part(until, frozenset(groups[until])) for until in sorted(groups)]
        for account in sorted(self.accounts.keys() & self.later.keys()):
            until = self.ends.get(account, FOREVER)
            parts.append(Part(until, frozenset({account}), self.later[account]))
        return parts

    def of_then(self, since: datetime) -> frozenset[int]:
        """Return the accounts whose services the customer could select at `since`."""
        came_after = {account for account, began in self.later.items() if began > since}
        return frozenset({*self.accounts, *self.mistaken} - came_after)

    @property
    def some_go_on(self) -> bool:
        """Whether any link is still open."""
        return len(self.ends) < len(self.accounts)

    @property
    def whole(self) -> Part:
        """All accounts, no matter when their links end."""
        return Part(FOREVER, frozenset(self.accounts))

    @property
    def customers(self) -> frozenset[int]:
        """The customers behind the accounts."""
        return frozenset(self.accounts.values())


@dataclass(frozen=True, slots=True)
class GrantEntry:
    """One authorization details entry: what it opens, for which choice, and as of when.

    `part` holds the accounts considered here, all of which are read up to the same instant.
    """

    index: int
    access: EntryAccess
    choice: Choice
    part: Part

    @property
    def came_later(self) -> bool:
        """Whether the accounts were linked after the choice."""
        return self.part.since is not None and self.part.since > self.choice.since

    @property
    def cutoff(self) -> datetime:
        """The last instant whose state the entry shows: `sync_until` (CDS-WG3-01 7.3.1), or the
        end of the links if that is earlier; FOREVER if there is neither."""
        return min(self.access.sync_until or FOREVER, self.part.until)


def holdings(grant: Grant) -> Holdings:
    """Return the accounts that the customer held when choosing what the Grant opens.

    Parts of it may have been chosen one after another (CDS-WG1-02 8.3). If future services were
    chosen, accounts linked later are included: their services came under the customer's control
    later (CDS-WG3-01 4.4, 9.2.3.1, 9.2.3.2).
    """
    if grant.user_id is None:
        return Holdings({})
    links = AccountHolder.objects.of(grant.user, environment=grant.client.environment)
    moments = _moments(grant)
    chosen = links.none()
    for moment, follows in moments.items():
        chosen |= links.from_then_on(moment) if follows else links.at(moment)
    first = min(moments)
    found = _first_of_each(chosen.select_related("account").order_by("created", "pk"))
    right = [link for link in found if not _shares_nothing(link, grant)]
    return Holdings(
        {link.account_id: link.account.customer_id for link in right},
        {link.account_id: link.ended for link in right if link.ended is not None},
        {link.account_id: link.ended for link in found if link not in right and link.ended},
        {link.account_id: link.created for link in found if link.created > first},
    )


def _moments(grant: Grant) -> dict[datetime, bool]:
    """Return when the customer chose, and whether the choice included future services."""
    moments: dict[datetime, bool] = {}
    for selection in grant.selections.all():
        moment = selection.chosen or grant.given
        moments[moment] = moments.get(moment, False) or selection.include_future
    return moments or {grant.given: False}


def _first_of_each(links: Iterable[AccountHolder]) -> list[AccountHolder]:
    """Keep one link of each account: linking it again does not resume sharing (ADR 5)."""
    first: dict[int, AccountHolder] = {}
    for link in links:
        first.setdefault(link.account_id, link)
    return list(first.values())


def _shares_nothing(link: AccountHolder, grant: Grant) -> bool:
    """Whether a link was a mistake or ended before the Grant began, so that it shared nothing."""
    before = grant.not_before is not None and link.ended and link.ended <= grant.not_before
    return link.mistaken or bool(before)


def grant_entries(grant: Grant, part: Part) -> list[GrantEntry]:
    """Return the entries that can be read and that are about these accounts.

    An entry whose scope no longer exists opens nothing.
    """
    selections = {selection.entry: selection for selection in grant.selections.all()}
    entries = []
    for index, details in enumerate(grant.authorization_details):
        meaning = meaning_of(grant.resolution, details["type"])
        if meaning is not None and index in selections:
            choice = _choice(grant, selections[index], part)
            access = read_entry(details, meaning.scope_type)
            if _takes_part(choice, access, part):
                entries.append(GrantEntry(index, access, choice, part))
    return entries


def _takes_part(choice: Choice, access: EntryAccess, part: Part) -> bool:
    """Whether an entry is about these accounts.

    Accounts added after `sync_until` do not exist yet for it, and ended ones could not be chosen.
    """
    if part.until <= choice.since:
        return False
    if part.since is None or part.since <= choice.since:
        return True
    return choice.include_future and (access.sync_until is None or part.since <= access.sync_until)


def _choice(grant: Grant, selection: Selection, part: Part) -> Choice:
    return Choice(
        selection_type=selection.selection_type,
        objects=frozenset(selection.object_ids),
        everything=selection.everything,
        include_future=selection.include_future,
        accounts=part.accounts,
        since=selection.chosen or grant.given,
    )
