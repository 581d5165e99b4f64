"""Accounts (CDS-WG3-01 10.1)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from customerdata.enums import AccountStatus
from customerdata.models.base import Identity, Version, version_constraints
from portal.ids import random_id


def new_account_id() -> str:
    """Return the public id of an account."""
    return random_id("ac_")


class Account(Identity):
    """An account of a customer."""

    cds_account_id = models.CharField(
        max_length=64, unique=True, default=new_account_id, editable=False
    )

    def __str__(self) -> str:
        return self.cds_account_id

    @property
    def public_id(self) -> str:
        """The id that is published."""
        return self.cds_account_id


class AccountVersion(Version):
    """The state of an account during a span of time.

    `entity`, `contacts` and `programs` are lists of the standard's objects (10.1.4, 10.1.6,
    10.1.8) in their wire form; only the search filters inside them.
    """

    pk = models.CompositePrimaryKey("customer_id", "account_id", "number")
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    parent = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    customer_number = models.CharField(max_length=100, blank=True, help_text="Empty: has none")
    account_number = models.CharField(max_length=100)
    entity = models.JSONField(null=True, blank=True)
    name = models.CharField(max_length=300)
    address = models.TextField(blank=True)
    types = ArrayField(models.CharField(max_length=40))
    status = models.CharField(max_length=12, choices=AccountStatus.choices)
    contacts = models.JSONField(default=list, blank=True)
    programs = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *version_constraints("account"),
            models.CheckConstraint(
                condition=~Q(types=[]), name="%(app_label)s_%(class)s_has_a_type"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "as_of"], name="customerdata_account_as_of"),
            # For filters by number, and for linking, which starts from the number alone.
            models.Index(fields=["account_number"], name="customerdata_account_number"),
            models.Index(fields=["customer", "arrived"], name="customerdata_account_arrived"),
        ]

    def __str__(self) -> str:
        return f"{self.account_number} since {self.as_of:%Y-%m-%d}"
