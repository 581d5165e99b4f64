"""Requests that a customer's Grants be computed again."""

from customerdata.models import Customer
from portal.background.outbox import enqueue
from portal.models import OutboxEntry

TASK = "customerdata.tasks.recompute_customer"


def request_recomputation(*, customer: Customer) -> None:
    """Have the access of this customer's Grants computed after commit, once per batch of changes.

    A waiting request is reused only if it can be locked. Then no worker has started it, and none
    can start it before this transaction commits, so it will see these changes.
    """
    waiting = OutboxEntry.objects.select_for_update(skip_locked=True).filter(
        task=TASK, args=[customer.customer_id], status=OutboxEntry.Status.READY
    )
    if not waiting.exists():
        enqueue(TASK, customer.customer_id)
