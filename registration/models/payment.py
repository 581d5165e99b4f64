"""Card payments of registration fees, as the payment library stores them (CDS-WG1-02 3.6)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import F, Q
from payments import (
    PaymentError,
    PaymentStatus,
    PurchasedItem,
)
from payments.models import BasePayment

from registration import urls_of
from registration.models.onboarding import Requirement


class StatusRefused(PaymentError):
    """A provider reported a status that cannot follow the previous one."""


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Scopes of payments."""

    def of(self, requirement: Requirement) -> "PaymentQuerySet":
        """Only the payments of this fee."""
        return self.filter(requirement=requirement)

    def unfinished(self) -> "PaymentQuerySet":
        """Payments with a checkout that can still be used."""
        return self.filter(status__in=Payment.UNFINISHED)

    def begun_after(self, time: datetime) -> "PaymentQuerySet":
        """Payments whose checkout was requested after a given time."""
        return self.filter(created__gt=time)

    def silent_since(self, time: datetime) -> "PaymentQuerySet":
        """Unfinished payments that no report has arrived for recently."""
        return self.filter(status__in=Payment.UNSETTLED, modified__lt=time)

    def arrived(self) -> "PaymentQuerySet":
        """Payments whose money has arrived."""
        return self.filter(status=PaymentStatus.CONFIRMED)

    def surplus(self) -> "PaymentQuerySet":
        """Payments whose money arrived without an open fee, so it has to be refunded."""
        return self.arrived().exclude(requirement__paid_by=F("pk"))


class Payment(BasePayment):
    """One attempt to pay the fee of a requirement through a card provider.

    The library's providers write it; `variant` names the configured provider, `token` is random and
    public, `transaction_id` is the provider's id. An invoice is not a Payment: staff record on the
    requirement that its money has arrived.
    """

    UNFINISHED: ClassVar[frozenset[str]] = frozenset({PaymentStatus.WAITING, PaymentStatus.INPUT})
    UNSETTLED: ClassVar[frozenset[str]] = UNFINISHED | {PaymentStatus.PREAUTH}
    # Money that arrives late still counts; refunded money does not come back on its own.
    TRANSITIONS: ClassVar[Mapping[str, frozenset[str]]] = {
        PaymentStatus.WAITING: frozenset(
            {
                PaymentStatus.INPUT,
                PaymentStatus.PREAUTH,
                PaymentStatus.CONFIRMED,
                PaymentStatus.REJECTED,
                PaymentStatus.ERROR,
                PaymentStatus.CANCELLED,
            }
        ),
        PaymentStatus.INPUT: frozenset(
            {
                PaymentStatus.PREAUTH,
                PaymentStatus.CONFIRMED,
                PaymentStatus.REJECTED,
                PaymentStatus.ERROR,
                PaymentStatus.CANCELLED,
            }
        ),
        PaymentStatus.PREAUTH: frozenset(
            {
                PaymentStatus.CONFIRMED,
                PaymentStatus.REJECTED,
                PaymentStatus.ERROR,
                PaymentStatus.CANCELLED,
                PaymentStatus.REFUNDED,
            }
        ),
        PaymentStatus.CONFIRMED: frozenset({PaymentStatus.REFUNDED}),
        PaymentStatus.REJECTED: frozenset({PaymentStatus.PREAUTH, PaymentStatus.CONFIRMED}),
        PaymentStatus.ERROR: frozenset({PaymentStatus.PREAUTH, PaymentStatus.CONFIRMED}),
        PaymentStatus.CANCELLED: frozenset({PaymentStatus.PREAUTH, PaymentStatus.CONFIRMED}),
        PaymentStatus.REFUNDED: frozenset(),
    }

    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="payments")
    # The same size as the amounts of requirements.
    total = models.DecimalField(max_digits=12, decimal_places=2)
    captured_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)

    # The status before the last change, for receivers of the signal.
    status_before = ""

    objects: ClassVar[Any] = PaymentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["token"], name="%(app_label)s_%(class)s_token"),
            models.CheckConstraint(
                condition=Q(total__gt=0), name="%(app_label)s_%(class)s_total_above_zero"
            ),
            models.CheckConstraint(
                condition=Q(captured_amount__gte=0, captured_amount__lte=F("total")),
                name="%(app_label)s_%(class)s_captured_within_total",
            ),
        ]

    @transaction.atomic
    def change_status(self, status: str, message: str = "") -> None:
        """Store a status that the provider reports; repetitions are ignored.

        The library's providers call this. The row is locked first, so that simultaneous reports are
        handled one at a time. Raises StatusRefused for transitions that the table does not list.
        """
        stored = type(self).objects.select_for_update(no_key=True).values_list("status", flat=True)
        known = stored.get(pk=self.pk)
        if status == known:
            self.status = known
            return
        if status not in self.TRANSITIONS[known]:
            raise StatusRefused(f"A payment that is {known} cannot become {status}.")
        self.status_before = known
        super().change_status(status, message)

    def get_success_url(self) -> str:
        """Return the URL for payers who return; the page shows what really happened."""
        return urls_of.absolute("onboarding:payment", self.token)

    def get_failure_url(self) -> str:
        """Return the URL for payers who return without paying: the same page."""
        return self.get_success_url()

    def get_purchased_items(self) -> Iterator[PurchasedItem]:
        """Yield the fee, for providers that list the purchased items."""
        yield PurchasedItem(
            name=self.description,
            quantity=1,
            price=self.total,
            currency=self.currency,
            sku=self.requirement.reference,
        )
