"""Bill statements, and the files of them that customers received (CDS-WG3-01 10.5)."""

from typing import Any, ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from customerdata.models.account import Account
from customerdata.models.base import Identity, Version, version_constraints
from portal.ids import random_id

MIME_TYPE = r"^[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}$"
CURRENCY = "^[A-Z]{3}$"
DIGITS, PLACES = 18, 6


def new_bill_statement_id() -> str:
    """Return the public id of a bill statement."""
    return random_id("bs_")


def stored_name(file: "BillFile", filename: str) -> str:
    """Return the path of a stored file, without a name or extension from the source."""
    return f"bill-files/{random_id(length=40)}"


def amount(*, null: bool = False) -> "models.DecimalField[Any, Any]":
    """Return a column for money in the currency of its row; null means "not stated"."""
    return models.DecimalField(max_digits=DIGITS, decimal_places=PLACES, null=null, blank=null)


class BillFile(models.Model):
    """A bill as the customer received it; rows never change, so a corrected file is a new row."""

    customer = models.ForeignKey(
        "customerdata.Customer", on_delete=models.PROTECT, related_name="bill_files"
    )
    name = models.CharField(max_length=255)
    mime_type = models.CharField(max_length=130, validators=[RegexValidator(MIME_TYPE)])
    size = models.PositiveBigIntegerField(help_text="Bytes")
    sha256 = models.CharField(max_length=64)
    content = models.FileField(upload_to=stored_name, max_length=200)
    arrived = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["customer", "sha256", "name", "mime_type"],
                name="%(app_label)s_%(class)s_stored_once",
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"),
                name="%(app_label)s_%(class)s_checksum",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BillStatement(Identity):
    """A bill for an account."""

    cds_billstatement_id = models.CharField(
        max_length=64, unique=True, default=new_bill_statement_id, editable=False
    )

    def __str__(self) -> str:
        return self.cds_billstatement_id

    @property
    def public_id(self) -> str:
        """The id that is published."""
        return self.cds_billstatement_id


class BillStatementVersion(Version):
    """The state of a bill statement during a span of time.

    `account_number` is the number when the bill was issued. `new_charges` and `programs` are the
    standard's objects (10.5.2, 10.1.8) with amounts as text; null means that the source does not
    list charges.
    """

    pk = models.CompositePrimaryKey("customer_id", "statement_id", "number")
    statement = models.ForeignKey(
        BillStatement, on_delete=models.CASCADE, related_name="versions", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    account_number = models.CharField(max_length=100)
    statement_date = models.DateField()
    currency = models.CharField(max_length=3, validators=[RegexValidator(CURRENCY)])
    file = models.ForeignKey(
        BillFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    previous_balance_amount = amount(null=True)
    previous_balance_paid = amount(null=True)
    previous_balance_unpaid = amount(null=True)
    new_charges_amount = amount(null=True)
    new_charges = models.JSONField(null=True, blank=True)
    new_balance_amount = amount(null=True)
    amount_due = amount()
    amount_due_date = models.DateField()
    shutoff_prevention_minimum_due = amount(null=True)
    shutoff_prevention_date = models.DateField(null=True, blank=True)
    programs = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *version_constraints("statement"),
            models.CheckConstraint(
                condition=Q(currency__regex=CURRENCY), name="%(app_label)s_%(class)s_currency"
            ),
            models.CheckConstraint(
                condition=Q(shutoff_prevention_minimum_due__isnull=False)
                | Q(shutoff_prevention_date__isnull=True),
                name="%(app_label)s_%(class)s_shutoff_date_of_an_amount",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["statement", "as_of"], name="customerdata_statement_as_of"),
            models.Index(fields=["customer", "arrived"], name="customerdata_statement_arrived"),
        ]

    def __str__(self) -> str:
        return f"{self.account_number} of {self.statement_date}"
