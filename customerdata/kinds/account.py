"""Accounts (CDS-WG3-01 10.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from consent.catalogue.selection import SelectionType
from customerdata.enums import AccountStatus
from customerdata.kinds.base import Link, Name, ReaderFilter, Sees, Shown, VersionedKind
from customerdata.kinds.filters import NEWEST_FIRST, listed, optional
from customerdata.kinds.search import contains, item_contains, text_of
from customerdata.kinds.state import InvalidStructure, State, check_choice
from customerdata.kinds.wire import base_fields, masked, programs
from customerdata.models import Account, AccountVersion

_NUMBERS = "include_account_numbers"
_DETAILS = "include_account_details"
_PROGRAMS = "include_account_programs"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState(State):
    """What the source says about an account (10.1.1)."""

    account_number: str
    name: str
    types: Sequence[str]
    status: str = AccountStatus.ACTIVE.value
    address: str = ""
    parent: Account | None = None
    customer_number: str = ""
    entity: Mapping[str, Any] | None = None
    contacts: Sequence[Mapping[str, Any]] = ()
    programs: Sequence[Mapping[str, Any]] = ()

    def check(self) -> None:
        """Raises InvalidStructure for values that an Account object cannot have."""
        check_choice(self.status, AccountStatus)
        if not self.types:
            raise InvalidStructure(f"Account {self.account_number} has no type.")


def _search(raw: str, sees: Sees) -> Q:
    text = text_of(raw)
    return (
        contains(text, "account__cds_account_id")
        | sees.field_matches(
            Name.ACCOUNT, _NUMBERS, contains(text, "customer_number", "account_number")
        )
        | sees.field_matches(
            Name.ACCOUNT,
            _DETAILS,
            contains(text, "address", "name") | item_contains(text, "contacts", "value"),
        )
        | sees.field_matches(
            Name.ACCOUNT, _PROGRAMS, item_contains(text, "programs", "program_number")
        )
    )


def _represent(page: Sequence[Shown], sees: Sees) -> list[Mapping[str, Any]]:
    parents = [shown.base.parent_id for shown in page if shown.base.parent_id is not None]
    ids = sees.visible_ids(Name.ACCOUNT, parents)
    return [_account(shown, ids) for shown in page]


def _account(shown: Shown, parents: Mapping[int, str]) -> Mapping[str, Any]:
    result = base_fields(shown, shown.base.account, "cds_account_id")
    result["cds_account_parent"] = parents.get(shown.base.parent_id)
    if numbers := shown.at(_NUMBERS):
        result["customer_number"] = numbers.customer_number or None
        result["account_number"] = numbers.account_number
        result["account_entity"] = numbers.entity
    if details := shown.at(_DETAILS):
        result["account_name"] = details.name
        result["account_address"] = details.address
        result["account_types"] = details.types
        result["account_status"] = details.status
        result["account_contacts"] = details.contacts
    if enrolled := shown.at(_PROGRAMS):
        result["account_programs"] = programs(enrolled.programs)
    return result


def _examples(account: AccountVersion) -> Mapping[str, str]:
    return {_NUMBERS: masked(account.account_number), _DETAILS: account.name}


ACCOUNT = VersionedKind(
    name=Name.ACCOUNT.value,
    object_name="Account",
    section="10.1",
    include="include_accounts",
    metadata="cds_accounts_api",
    path="accounts",
    envelope="accounts",
    public_id="cds_account_id",
    related="related_accounts",
    identity=Account,
    version=AccountVersion,
    owner="account",
    state=AccountState,
    number="account_number",
    # Parents are included with their children (7.2.1); an account does not hang on its parent.
    links=(Link("parent", Name.ACCOUNT, hangs=False),),
    selection=SelectionType.ACCOUNT.value,
    filters=(
        listed("cds_account_ids", "account__cds_account_id__in"),
        optional("customer_numbers", "customer_number__in", _NUMBERS, Name.ACCOUNT),
        optional("account_numbers", "account_number__in", _NUMBERS, Name.ACCOUNT),
        optional("account_statuses", "status__in", _DETAILS, Name.ACCOUNT),
        ReaderFilter("q", _search),
    ),
    order=(NEWEST_FIRST,),
    represent=_represent,
    examples=_examples,
)
