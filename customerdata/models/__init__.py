"""CDS-WG3-01 10 (rows): objects with their versions, usage, and computed access."""

from customerdata.models.access import GrantedObject
from customerdata.models.account import Account, AccountVersion
from customerdata.models.base import VersionQuerySet
from customerdata.models.bill_section import BillSection, BillSectionVersion
from customerdata.models.bill_statement import BillFile, BillStatement, BillStatementVersion
from customerdata.models.contract import ServiceContract, ServiceContractVersion
from customerdata.models.customer import AccountHolder, AccountLink, Customer
from customerdata.models.meter import MeterDevice, MeterDeviceVersion
from customerdata.models.service_point import ServicePoint, ServicePointVersion
from customerdata.models.usage import CompletenessRange, UsagePack, UsageRender, UsageSeries

__all__ = [
    "Account",
    "AccountHolder",
    "AccountLink",
    "AccountVersion",
    "BillFile",
    "BillSection",
    "BillSectionVersion",
    "BillStatement",
    "BillStatementVersion",
    "CompletenessRange",
    "Customer",
    "GrantedObject",
    "MeterDevice",
    "MeterDeviceVersion",
    "ServiceContract",
    "ServiceContractVersion",
    "ServicePoint",
    "ServicePointVersion",
    "UsagePack",
    "UsageRender",
    "UsageSeries",
    "VersionQuerySet",
]
