"""Background work of customer data."""

from celery import shared_task

from customerdata.access.compute import recompute_grants_of
from customerdata.models import Customer
from customerdata.services.links import link
from customerdata.services.links.unlink import send_unlinked
from customerdata.usage import upkeep


@shared_task(name="customerdata.tasks.recompute_customer")
def recompute_customer(customer_id: str) -> None:
    """Compute the access of a customer's Grants again; running it twice gives the same result."""
    customer = Customer.objects.filter(customer_id=customer_id).first()
    if customer is not None:
        recompute_grants_of(customer)


@shared_task(name=link.TASK)
def promise_link_code(link_id: str, language: str) -> None:
    """Queue the mail with the code for linking an account, to the contact on file."""
    link.promise_code(link_id, language=language)


@shared_task(name=link.MAIL_TASK)
def send_link_code(link_id: str, language: str) -> None:
    """Mail the code for linking an account."""
    link.send_code(link_id, language=language)


@shared_task(name="customerdata.tasks.make_usage_months")
def make_usage_months() -> None:
    """Create the usage partitions of the coming months; two runs at once create each only once."""
    upkeep.make_months_ahead()


@shared_task(name="customerdata.tasks.prune_usage_renders")
def prune_usage_renders() -> None:
    """Limit the cache of rendered usage; a second run drops nothing more."""
    upkeep.bound_cache()


@shared_task(name="customerdata.tasks.send_account_unlinked")
def send_account_unlinked(holder_pk: int, reason: str, companies: list[str]) -> None:
    """Mail a person that a link to an account has ended; the outbox row sends it once."""
    send_unlinked(holder_pk, reason, companies)
