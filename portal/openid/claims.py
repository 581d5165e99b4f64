"""What a trusted provider says about a person's accounts with the utility.

Nothing is asserted unless the operator named the claim that says it. Upper apps register who acts
on an assertion.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.models import User
from portal.registries import Registry


@dataclass(frozen=True, slots=True)
class Assertion:
    """A provider says that a person is a customer or holds accounts.

    `test_customers` tells whether the provider knows test customers (sandbox) or real ones; it
    never says anything about the others.
    """

    provider_id: str
    user: User
    customer_number: str
    account_numbers: tuple[str, ...]
    test_customers: bool


Listener = Callable[[Assertion], object]
listeners: Registry[Listener] = Registry("account claims")


def tell(
    user: User, *, provider_id: str, rules: Mapping[str, Any], told: Mapping[str, Any]
) -> None:
    """Hand on what a provider told about a person, as far as its `rules` name claims."""
    assertion = Assertion(
        provider_id=provider_id,
        user=user,
        customer_number=next(iter(_numbers(told, rules["customer_claim"])), ""),
        account_numbers=_numbers(told, rules["accounts_claim"]),
        test_customers=rules["test_customers"],
    )
    if assertion.customer_number or assertion.account_numbers:
        for listener in listeners:
            listener(assertion)


def _numbers(told: Mapping[str, Any], claim: str) -> tuple[str, ...]:
    """Return the numbers of a claim, which may be one or a list; anything else counts as none."""
    value = told.get(claim) if claim else None
    values = value if isinstance(value, list) else [value]
    found = [str(x) for x in values if isinstance(x, str | int) and not isinstance(x, bool)]
    return tuple(dict.fromkeys(number for number in found if number and "\x00" not in number))
