"""Background work of customer data."""

from celery import shared_task

from customerdata.access.compute import recompute_grants_of
from customerdata.models import Customer
from customerdata.services.links import link
from customerdata.services.links.unlink import send_unlinked
from customerdata.usage import upkeep


@shared_task(name="customerdata.tasks.recompute_customer")
def recompute_customer(customer_id: str) -> None:
    """Compute the access of a customer's Grants again; twice gives the same."""
    customer = Customer.objects.filter(customer_id=customer_id).first()
    if customer is not None:
        recompute_grants_of(customer)


@shared_task(name=link.TASK)
def promise_link_code(link_id: str, language: str) -> None:
    """Promise the code of an attempt to link an account to whom the utility has on file."""
    link.promise_code(link_id, language=language)


@shared_task(name=link.MAIL_TASK)
def send_link_code(link_id: str, language: str) -> None:
    """Mail the code of an attempt to link an account."""
    link.send_code(link_id, language=language)


@shared_task(name="customerdata.tasks.make_usage_months")
def make_usage_months() -> None:
    """Make the usage partitions of the coming months; two runs at once make each one once."""
    upkeep.make_months_ahead()


@shared_task(name="customerdata.tasks.prune_usage_renders")
def prune_usage_renders() -> None:
    """Bound the cache of rendered usage; twice drops nothing more."""
    upkeep.bound_cache()


@shared_task(name="customerdata.tasks.send_account_unlinked")
def send_account_unlinked(holder_pk: int, reason: str, companies: list[str]) -> None:
    """Tell a person that a link to an account has ended. Delivered once by the outbox row."""
    send_unlinked(holder_pk, reason, companies)
