"""The utility's customers, and the people who can act for them after signing up."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from portal.ids import random_id


def new_customer_id() -> str:
    """Return the public id of a customer."""
    return random_id("cu_")


class Customer(models.Model):
    """A person or organization that has accounts with the utility.

    Its key is in every table that grows with customers, so that it can distribute the tables.
    """

    customer_id = models.CharField(
        max_length=64, unique=True, default=new_customer_id, editable=False
    )
    source_key = models.CharField(
        max_length=200, unique=True, help_text="The utility's own stable key"
    )
    customer_number = models.CharField(
        max_length=100, blank=True, help_text="Printed on letters; empty when there is none"
    )
    name = models.CharField(max_length=300)
    contact_email = models.EmailField(blank=True, help_text="Contact on file; codes go here")
    is_test = models.BooleanField(
        default=False, help_text="Sandbox Clients meet only these, production Clients never"
    )
    created = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class AccountHolderQuerySet(models.QuerySet["AccountHolder"]):
    """Selects links by person, environment and time."""

    def current(self) -> "AccountHolderQuerySet":
        """Links that have not ended."""
        return self.filter(ended__isnull=True)

    def at(self, instant: datetime) -> "AccountHolderQuerySet":
        """Links that existed at an instant."""
        return self.filter(Q(ended__isnull=True) | Q(ended__gt=instant), created__lte=instant)

    def from_then_on(self, instant: datetime) -> "AccountHolderQuerySet":
        """Links that existed at an instant or started later."""
        return self.filter(Q(ended__isnull=True) | Q(ended__gt=instant))

    def of(self, user: Any, *, environment: str) -> "AccountHolderQuerySet":
        """A person's links to accounts that Clients of this environment can ask for."""
        return self.filter(user=user, account__customer__is_test=environment == "sandbox")


class AccountHolder(models.Model):
    """A person who signed up can act for an account. Several people can hold the same account.

    `asserted_by` is the OpenID provider and subject whose claims created the link; it is empty for
    links created in other ways. When these claims no longer name the account, the link ends as
    `withdrawn`, because they can name it again.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="held_accounts"
    )
    account = models.ForeignKey(
        "customerdata.Account", on_delete=models.CASCADE, related_name="holders"
    )
    created = models.DateTimeField(default=timezone.now, editable=False)
    ended = models.DateTimeField(null=True, blank=True)
    mistaken = models.BooleanField(
        default=False, help_text="There never should have been a link: nothing is shown by it"
    )
    asserted_by = models.CharField(
        max_length=250, blank=True, help_text="Whose claims made the link; empty for other means"
    )
    withdrawn = models.BooleanField(
        default=False, help_text="It ended because the claims that made it no longer name it"
    )

    objects: ClassVar[Any] = AccountHolderQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["user", "account"],
                condition=Q(ended__isnull=True),
                name="%(app_label)s_%(class)s_once",
                violation_error_message="This account is already linked.",
            ),
            models.CheckConstraint(
                condition=Q(ended__isnull=True) | Q(ended__gte=F("created")),
                name="%(app_label)s_%(class)s_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(mistaken=False) | Q(ended__isnull=False),
                name="%(app_label)s_%(class)s_mistakes_are_over",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn=False) | (Q(ended__isnull=False) & ~Q(asserted_by="")),
                name="%(app_label)s_%(class)s_withdrawn_by_claims",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} for account {self.account_id}"


def new_link_id() -> str:
    """Return the public id of an attempt to link an account."""
    return random_id("li_", length=40)


class AccountLink(models.Model):
    """An attempt to link an account, for which a code is mailed to the contact on file.

    `account` is null if the number belongs to no account. Such a row behaves like any other, so
    that the page does not reveal which numbers exist. The code is not stored: it is derived from
    `link_id` and a key (customerdata.services.links.link).
    """

    MAX_ATTEMPTS: ClassVar[int] = 5

    link_id = models.CharField(max_length=64, unique=True, default=new_link_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="account_links"
    )
    account = models.ForeignKey(
        "customerdata.Account", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "-created"], name="customerdata_link_recent")
        ]

    def __str__(self) -> str:
        return self.link_id
