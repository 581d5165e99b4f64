"""What a trusted provider states about a person's accounts with the utility.

Nothing is asserted unless the operator named the claim that states it. Upper apps register
listeners that act on an assertion.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.models import User
from portal.registries import Registry


@dataclass(frozen=True, slots=True)
class Assertion:
    """A provider states that a person is a customer or holds accounts.

    `subject` is the provider's identifier of the person, who may have several there.

    `test_customers` tells whether the provider knows test customers (sandbox) or real ones; it says
    nothing about the others. `is_whole` tells whether every relevant claim was present and valid,
    so that anything it does not list can be taken as not asserted.
    """

    provider_id: str
    subject: str
    user: User
    customer_number: str
    account_numbers: tuple[str, ...]
    test_customers: bool
    is_whole: bool


Listener = Callable[[Assertion], object]
listeners: Registry[Listener] = Registry("account claims")


def tell(
    user: User,
    *,
    provider_id: str,
    subject: str,
    rules: Mapping[str, Any],
    told: Mapping[str, Any],
) -> None:
    """Pass on what a provider told about a person, as far as its `rules` name claims."""
    claims = [rules["customer_claim"], rules["accounts_claim"]]
    customers, accounts = (_numbers(told, claim) for claim in claims)
    counting = [claim for claim in claims if claim]
    is_whole = bool(counting) and all(_is_whole(told, claim) for claim in counting)
    assertion = Assertion(
        provider_id=provider_id,
        subject=subject,
        user=user,
        customer_number=next(iter(customers), ""),
        account_numbers=accounts,
        test_customers=rules["test_customers"],
        is_whole=is_whole and len(customers) < 2,
    )
    if customers or accounts or assertion.is_whole:
        for listener in listeners:
            listener(assertion)


def _is_whole(told: Mapping[str, Any], claim: str) -> bool:
    """Whether a claim is present and completely valid; an empty list means none."""
    value = told.get(claim)
    items = len(set(map(str, value))) if isinstance(value, list) else 1
    return len(_numbers(told, claim)) == items


def _numbers(told: Mapping[str, Any], claim: str) -> tuple[str, ...]:
    """Return the numbers in a claim, which can be one or a list; anything else counts as none."""
    value = told.get(claim) if claim else None
    values = value if isinstance(value, list) else [value]
    found = [str(x) for x in values if isinstance(x, str | int) and not isinstance(x, bool)]
    return tuple(dict.fromkeys(number for number in found if number and "\x00" not in number))
