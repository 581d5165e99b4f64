"""Asking for a customer's Grants to be computed again."""

from customerdata.models import Customer
from portal.background.outbox import enqueue
from portal.models import OutboxEntry

TASK = "customerdata.tasks.recompute_customer"


def request_recomputation(*, customer: Customer) -> None:
    """Have the access of this customer's Grants computed after commit, once per batch of changes.

    A waiting request is reused only when it can be locked: then no worker has begun it, and none
    can before this transaction has committed, so it will see these changes.
    """
    waiting = OutboxEntry.objects.select_for_update(skip_locked=True).filter(
        task=TASK, args=[customer.customer_id], status=OutboxEntry.Status.READY
    )
    if not waiting.exists():
        enqueue(TASK, customer.customer_id)
