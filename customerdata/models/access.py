"""What a Grant opens, computed from what the customer chose."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from consent.models import Grant

# Means "no end"; a real datetime keeps SQL comparisons free of null cases.
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


class GrantedObjectQuerySet(models.QuerySet["GrantedObject"]):
    """Scopes of computed access."""

    def shown(self, kind: str) -> "GrantedObjectQuerySet":
        """Rows by which objects of a kind appear in its listing."""
        return self.filter(kind=kind, listed=True)


class GrantedObject(models.Model):
    """An object that one authorization details entry of a Grant reaches.

    `listed` is false for contracts that only lead to other data, such as usage without
    `include_service_contracts`. `fields` are the include fields that the entry enables for the
    object, `decides` those for which this entry is the one to read (the latest `cutoff` of all
    entries that enable them), and `base` says the same about the object's required fields.
    `cutoff` is the entry's `sync_until`, or the end of the person's link to the account if that is
    earlier: values are read as of then, or as of now if that is earlier still.
    `through` is empty, or the kind that the customer chose from: then only the contract's usage
    that was measured at an object of this kind of the same entry counts.
    """

    class Kind(models.TextChoices):
        ACCOUNT = "account", "account"
        CONTRACT = "contract", "service contract"
        SERVICE_POINT = "service_point", "service point"
        METER = "meter", "meter"
        BILL_STATEMENT = "bill_statement", "bill statement"
        BILL_SECTION = "bill_section", "bill section"

    pk = models.CompositePrimaryKey("customer_id", "grant_id", "entry", "kind", "object_id")
    customer = models.ForeignKey(
        "customerdata.Customer", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    grant = models.ForeignKey(
        Grant, on_delete=models.CASCADE, related_name="granted_objects", db_index=False
    )
    entry = models.PositiveSmallIntegerField(help_text="Index into authorization_details")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    object_id = models.BigIntegerField(help_text="Primary key of the identity row of this kind")
    listed = models.BooleanField(default=True)
    fields = ArrayField(models.CharField(max_length=60), default=list)
    decides = ArrayField(models.CharField(max_length=60), default=list)
    base = models.BooleanField(default=False)
    cutoff = models.DateTimeField(default=FOREVER)
    through = models.CharField(
        max_length=16,
        blank=True,
        choices=[(Kind.SERVICE_POINT, "service point"), (Kind.METER, "meter")],
        help_text="Contracts: where usage has to be measured; empty for anywhere",
    )
    sort_key = models.TextField(
        default="",
        blank=True,
        db_collation="C",
        help_text="What a listing is ordered by as the token sees it, NUL-free, see access",
    )

    objects: ClassVar[Any] = GrantedObjectQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["customer", "grant", "kind", "object_id"],
                condition=Q(base=True),
                name="%(app_label)s_%(class)s_one_base",
            ),
            models.CheckConstraint(
                condition=Q(listed=True) | Q(base=False, fields=[], decides=[]),
                name="%(app_label)s_%(class)s_unlisted_shows_nothing",
            ),
            models.CheckConstraint(
                condition=Q(through="") | Q(kind="contract"),
                name="%(app_label)s_%(class)s_through_of_contracts",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Every listing starts here.
            models.Index(fields=["grant", "kind", "object_id"], name="customerdata_granted_object"),
            # Usage is walked contract by contract in this order (CDS-WG3-01 10.8.8).
            models.Index(
                fields=["grant", "sort_key", "object_id"],
                condition=Q(kind="contract"),
                name="customerdata_granted_sort",
            ),
        ]

    def __str__(self) -> str:
        return f"grant {self.grant_id} entry {self.entry}: {self.kind} {self.object_id}"
