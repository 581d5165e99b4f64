"""Background work of onboarding. Each task may run twice at once without harm."""

from celery import shared_task
from django.utils import timezone

from registration.services import (
    onboarding,
    onboarding_assets,
    onboarding_flows,
)


@shared_task(name=onboarding_flows.CODE_TASK)
def send_onboarding_code(code_pk: int, language: str) -> None:
    """Mail a verification code. Delivered once by the outbox row."""
    onboarding_flows.mail_code(code_pk, language=language)


@shared_task(name=onboarding_assets.WEBSITE_TASK)
def check_website(client_id: str) -> None:
    """Look whether a Client's website answers; the outcome is noted either way."""
    onboarding_assets.check_website(client_id=client_id)


@shared_task(name=onboarding_assets.LOGO_TASK)
def fetch_logo(client_id: str) -> None:
    """Keep our own drawing of a Client's logo."""
    onboarding_assets.fetch_logo(client_id=client_id)


@shared_task(name="registration.tasks.renew_onboarding_links")
def renew_onboarding_links() -> None:
    """Send new links where the last one has expired (CDS-WG1-02 3.6)."""
    onboarding.renew_expired_links(timezone.now())
