"""Background tasks of onboarding. It is safe to run each one twice at the same time."""

from celery import shared_task
from django.utils import timezone

from registration.services.clients import website_and_logo
from registration.services.onboarding import steps
from registration.services.onboarding.renew import renew_expired_links


@shared_task(name=steps.CODE_TASK)
def send_onboarding_code(code_pk: int, language: str) -> None:
    """Email a verification code. The outbox row ensures that it is sent once."""
    steps.mail_code(code_pk, language=language)


@shared_task(name=website_and_logo.WEBSITE_TASK)
def check_website(client_id: str) -> None:
    """Check whether a Client's website responds, and record the result."""
    website_and_logo.check_website(client_id=client_id)


@shared_task(name=website_and_logo.LOGO_TASK)
def fetch_logo(client_id: str) -> None:
    """Store this server's copy of a Client's logo."""
    website_and_logo.fetch_logo(client_id=client_id)


@shared_task(name="registration.tasks.renew_onboarding_links")
def renew_onboarding_links() -> None:
    """Send new links where the latest one has expired (CDS-WG1-02 3.6)."""
    renew_expired_links(timezone.now())
