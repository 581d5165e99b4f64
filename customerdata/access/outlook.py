"""Whether more may come into a Grant, once links to accounts have ended (ADR 5)."""

from consent.models import Grant
from customerdata.access.entries import Holdings


def may_grow(grant: Grant, held: Holdings) -> bool:
    """Return whether services of the future may come, from accounts that are still held."""
    return held.some_go_on and takes_future(grant)


def takes_future(grant: Grant) -> bool:
    """Return whether the customer chose services of the future."""
    return bool(grant.selections.filter(include_future=True).exists())
