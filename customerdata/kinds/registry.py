"""All kinds, in the standard's order; each kind comes after the kinds that it refers to."""

from customerdata.kinds.account import ACCOUNT
from customerdata.kinds.base import Kind, VersionedKind
from customerdata.kinds.bill_section import BILL_SECTION
from customerdata.kinds.bill_statement import BILL_STATEMENT
from customerdata.kinds.meter_device import METER_DEVICE
from customerdata.kinds.service_contract import SERVICE_CONTRACT
from customerdata.kinds.service_point import SERVICE_POINT
from customerdata.kinds.state import State
from customerdata.kinds.usage_segment import USAGE_SEGMENT

VERSIONED: tuple[VersionedKind, ...] = (
    ACCOUNT,
    SERVICE_CONTRACT,
    SERVICE_POINT,
    METER_DEVICE,
    BILL_STATEMENT,
    BILL_SECTION,
)
KINDS: tuple[Kind, ...] = (*VERSIONED, USAGE_SEGMENT)

_BY_NAME = {kind.name: kind for kind in VERSIONED}
_BY_STATE = {kind.state: kind for kind in VERSIONED}
_BY_SELECTION = {kind.selection: kind for kind in VERSIONED if kind.selection}


def versioned(name: str) -> VersionedKind:
    """Return the kind of this name. Raises KeyError."""
    return _BY_NAME[name]


def kind_of_state(state: State) -> VersionedKind:
    """Return the kind of a state. Raises KeyError."""
    return _BY_STATE[type(state)]


def kind_of_selection(selection_type: str) -> VersionedKind | None:
    """Return the kind that customers choose from (CDS-WG3-01 9.2.3), None if it has no data."""
    return _BY_SELECTION.get(selection_type)
