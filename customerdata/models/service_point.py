"""Service points and their premises (CDS-WG3-01 10.3)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from customerdata.models.base import Identity, Version, version_constraints
from portal.ids import random_id


def new_service_point_id() -> str:
    """Return the public id of a service point."""
    return random_id("sp_")


class ServicePoint(Identity):
    """A place where a service reaches a customer."""

    cds_servicepoint_id = models.CharField(
        max_length=64, unique=True, default=new_service_point_id, editable=False
    )

    def __str__(self) -> str:
        return self.cds_servicepoint_id

    @property
    def public_id(self) -> str:
        """The id that is published."""
        return self.cds_servicepoint_id


class ServicePointVersion(Version):
    """The state of a service point during a span of time.

    The contract arrays hold primary keys of ServiceContract, all of the same customer.
    """

    pk = models.CompositePrimaryKey("customer_id", "service_point_id", "number")
    service_point = models.ForeignKey(
        ServicePoint, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    servicepoint_number = models.CharField(max_length=100, blank=True, help_text="Empty: has none")
    types = ArrayField(models.CharField(max_length=40))
    address = models.TextField(blank=True, help_text="Empty: none that customers know")
    latitude = models.DecimalField(max_digits=10, decimal_places=7, null=True, blank=True)
    longitude = models.DecimalField(max_digits=10, decimal_places=7, null=True, blank=True)
    current_contracts = ArrayField(models.BigIntegerField(), default=list, blank=True)
    previous_contracts = ArrayField(models.BigIntegerField(), default=list, blank=True)
    premises = models.JSONField(default=list, blank=True, help_text="CDS-WG3-01 10.3.3 objects")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = version_constraints("service_point")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["service_point", "as_of"], name="customerdata_point_as_of"),
            models.Index(fields=["servicepoint_number"], name="customerdata_point_number"),
            models.Index(fields=["customer", "arrived"], name="customerdata_point_arrived"),
            GinIndex(fields=["current_contracts"], name="customerdata_point_current"),
            GinIndex(fields=["previous_contracts"], name="customerdata_point_previous"),
        ]

    def __str__(self) -> str:
        return f"{self.servicepoint_number or self.service_point_id} since {self.as_of:%Y-%m-%d}"
