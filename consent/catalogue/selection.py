"""Words that several fields share: kinds of selection and special list entries."""

from enum import StrEnum


class SelectionType(StrEnum):
    """What the customer chooses from on the authorization form (CDS-WG3-01 9.2.3)."""

    ACCOUNT = "account_selection"
    SERVICE_CONTRACT = "service_contract_selection"
    SERVICE_POINT = "servicepoint_selection"
    METER_DEVICE = "meter_device_selection"
    AGGREGATION = "aggregation_selection"


class SpecialValue(StrEnum):
    """Entries of preselection lists that are no numbers (CDS-WG3-01 7.1.1)."""

    ALL = "_all"
    INCLUDE_FUTURE = "_include_future"
