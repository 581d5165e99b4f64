"""Background work of customer data."""

from celery import shared_task

from customerdata.access.compute import recompute_grants_of
from customerdata.models import Customer
from customerdata.services.linking import send_code


@shared_task(name="customerdata.tasks.recompute_customer")
def recompute_customer(customer_id: str) -> None:
    """Compute the access of a customer's Grants again; twice gives the same."""
    customer = Customer.objects.filter(customer_id=customer_id).first()
    if customer is not None:
        recompute_grants_of(customer)


@shared_task(name="customerdata.tasks.send_link_code")
def send_link_code(link_id: str, language: str) -> None:
    """Mail the code of an attempt to link an account."""
    send_code(link_id, language=language)
