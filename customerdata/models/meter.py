"""Meter devices (CDS-WG3-01 10.4)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from customerdata.models.base import Identity, Version, version_constraints
from portal.ids import random_id


def new_meter_id() -> str:
    """Return the public id of a meter."""
    return random_id("md_")


class MeterDevice(Identity):
    """A device that measures, physical or virtual."""

    cds_meterdevice_id = models.CharField(
        max_length=64, unique=True, default=new_meter_id, editable=False
    )

    def __str__(self) -> str:
        return self.cds_meterdevice_id

    @property
    def public_id(self) -> str:
        """The id that is published."""
        return self.cds_meterdevice_id


class MeterDeviceVersion(Version):
    """The state of a meter during a span of time.

    The service point arrays hold primary keys of ServicePoint, all of the same customer.
    """

    pk = models.CompositePrimaryKey("customer_id", "meter_id", "number")
    meter = models.ForeignKey(
        MeterDevice, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    meter_number = models.CharField(max_length=100, blank=True, help_text="Empty: has none")
    types = ArrayField(models.CharField(max_length=40))
    current_service_points = ArrayField(models.BigIntegerField(), default=list, blank=True)
    previous_service_points = ArrayField(models.BigIntegerField(), default=list, blank=True)
    apps = models.JSONField(default=list, blank=True, help_text="CDS-WG3-01 10.4.3 objects")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = version_constraints("meter")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["meter", "as_of"], name="customerdata_meter_as_of"),
            models.Index(fields=["meter_number"], name="customerdata_meter_number"),
            models.Index(fields=["customer", "arrived"], name="customerdata_meter_arrived"),
            GinIndex(fields=["current_service_points"], name="customerdata_meter_current"),
            GinIndex(fields=["previous_service_points"], name="customerdata_meter_previous"),
        ]

    def __str__(self) -> str:
        return f"{self.meter_number or self.meter_id} since {self.as_of:%Y-%m-%d}"
