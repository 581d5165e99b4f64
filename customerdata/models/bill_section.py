"""Bill sections: the parts of bills for one service or purpose (CDS-WG3-01 10.6)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from customerdata.models.account import Account
from customerdata.models.base import Identity, Version, version_constraints
from customerdata.models.bill_statement import CURRENCY, BillStatement
from portal.ids import random_id


def new_bill_section_id() -> str:
    """Return the public id of a bill section."""
    return random_id("bx_")


class BillSection(Identity):
    """A part of a bill."""

    cds_billsection_id = models.CharField(
        max_length=64, unique=True, default=new_bill_section_id, editable=False
    )

    def __str__(self) -> str:
        return self.cds_billsection_id

    @property
    def public_id(self) -> str:
        """The id that is published."""
        return self.cds_billsection_id


class BillSectionVersion(Version):
    """The state of a bill section during a span of time.

    `contracts`, `service_points` and `meters` hold primary keys, all of the same customer.
    `charges` holds ids of the statement's New Charges that are derived from the section.
    The JSON columns hold the standard's objects (10.1.4, 10.6.3, 10.6.5, 10.6.7) with numbers as
    text.
    """

    pk = models.CompositePrimaryKey("customer_id", "section_id", "number")
    section = models.ForeignKey(
        BillSection, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    statement = models.ForeignKey(BillStatement, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    account_number = models.CharField(max_length=100)
    types = ArrayField(models.CharField(max_length=40))
    start_date = models.DateField()
    end_date = models.DateField()
    currency = models.CharField(max_length=3, validators=[RegexValidator(CURRENCY)])
    distribution_entity = models.JSONField(null=True, blank=True)
    supply_entity = models.JSONField(null=True, blank=True)
    contracts = ArrayField(models.BigIntegerField(), default=list, blank=True)
    service_points = ArrayField(models.BigIntegerField(), default=list, blank=True)
    meters = ArrayField(models.BigIntegerField(), default=list, blank=True)
    charges = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    usage_details = models.JSONField(default=list, blank=True)
    cost_details = models.JSONField(default=list, blank=True)
    line_items = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *version_constraints("section"),
            models.CheckConstraint(
                condition=Q(currency__regex=CURRENCY), name="%(app_label)s_%(class)s_currency"
            ),
            models.CheckConstraint(
                condition=Q(end_date__gte=F("start_date")),
                name="%(app_label)s_%(class)s_ends_after_start",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["section", "as_of"], name="customerdata_section_as_of"),
            models.Index(fields=["customer", "arrived"], name="customerdata_section_arrived"),
            GinIndex(fields=["contracts"], name="customerdata_section_contracts"),
        ]

    def __str__(self) -> str:
        return f"{self.account_number} from {self.start_date} to {self.end_date}"
