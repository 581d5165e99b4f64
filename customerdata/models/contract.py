"""Service contracts (CDS-WG3-01 10.2)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from customerdata.enums import ContractStatus
from customerdata.models.account import Account
from customerdata.models.base import Identity, Version, version_constraints
from portal.ids import random_id


def new_contract_id() -> str:
    """Return the public id of a service contract."""
    return random_id("sc_")


class ServiceContract(Identity):
    """A service that a customer receives."""

    cds_servicecontract_id = models.CharField(
        max_length=64, unique=True, default=new_contract_id, editable=False
    )

    def __str__(self) -> str:
        return self.cds_servicecontract_id

    @property
    def public_id(self) -> str:
        """The id that is published."""
        return self.cds_servicecontract_id


class ServiceContractVersion(Version):
    """The state of a service contract during a span of time.

    `start` and `end` are ordinary values of the contract, not the span of the version. `entity`
    and `programs` are the standard's objects (10.1.4, 10.2.5) in their wire form.
    """

    pk = models.CompositePrimaryKey("customer_id", "contract_id", "number")
    contract = models.ForeignKey(
        ServiceContract, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    contract_number = models.CharField(max_length=100, blank=True, help_text="Empty: has none")
    name = models.CharField(
        max_length=300, blank=True, help_text="As the customer sees it; on the form only"
    )
    address = models.TextField(blank=True)
    types = ArrayField(models.CharField(max_length=40))
    entity = models.JSONField(null=True, blank=True)
    status = models.CharField(max_length=12, choices=ContractStatus.choices)
    start = models.DateField()
    end = models.DateField(null=True, blank=True)
    service_types = ArrayField(models.CharField(max_length=40))
    rateplan_code = models.CharField(max_length=100, blank=True)
    rateplan_name = models.CharField(max_length=300, blank=True)
    programs = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = version_constraints("contract")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["contract", "as_of"], name="customerdata_contract_as_of"),
            models.Index(fields=["contract_number"], name="customerdata_contract_number"),
            models.Index(fields=["customer", "arrived"], name="customerdata_contract_arrived"),
        ]

    def __str__(self) -> str:
        return f"{self.contract_number or self.contract_id} since {self.as_of:%Y-%m-%d}"
