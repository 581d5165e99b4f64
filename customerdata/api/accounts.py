"""The Accounts API (CDS-WG3-01 10.1)."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from customerdata.access.reading import ACCOUNTS, Reader, Shown
from customerdata.api.base import (
    ReaderFilter,
    StructureListView,
    base_fields,
    listed,
    optional,
    programs,
)
from customerdata.api.search import contains, item_contains, text_of

_NUMBERS = "include_account_numbers"
_DETAILS = "include_account_details"
_PROGRAMS = "include_account_programs"


def _search(raw: str, reader: Reader) -> Q:
    text = text_of(raw)
    return (
        contains(text, "account__cds_account_id")
        | reader.field_matches(
            ACCOUNTS, _NUMBERS, contains(text, "customer_number", "account_number")
        )
        | reader.field_matches(
            ACCOUNTS,
            _DETAILS,
            contains(text, "address", "name") | item_contains(text, "contacts", "value"),
        )
        | reader.field_matches(
            ACCOUNTS, _PROGRAMS, item_contains(text, "programs", "program_number")
        )
    )


class AccountsView(StructureListView):
    """GET: the accounts that the token gives access to (CDS-WG3-01 10.1.10)."""

    envelope = "accounts"
    shape = ACCOUNTS
    public_id = "cds_account_id"
    reader_filters = (
        listed("cds_account_ids", "account__cds_account_id__in"),
        optional("customer_numbers", "customer_number__in", _NUMBERS, ACCOUNTS),
        optional("account_numbers", "account_number__in", _NUMBERS, ACCOUNTS),
        optional("account_statuses", "status__in", _DETAILS, ACCOUNTS),
        ReaderFilter("q", _search),
    )

    def objects(self, page: list[Shown], reader: Reader) -> list[Mapping[str, Any]]:
        """Return Account objects (10.1.1)."""
        parents = [shown.base.parent_id for shown in page if shown.base.parent_id is not None]
        ids = reader.visible_ids(ACCOUNTS, "cds_account_id", parents)
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
