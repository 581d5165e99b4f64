"""Application configuration."""

from django.apps import AppConfig


class RegistrationConfig(AppConfig):
    """Server metadata, client registration and the admin APIs (CDS-WG1-01, CDS-WG1-02)."""

    name = "registration"
    verbose_name = "Registration"

    def ready(self) -> None:
        """Register the scope types of CDS-WG1-02 3.3, the docs pages and the system checks."""
        from registration import checks, checks_payments, docs, retention
        from registration.catalogue import admin
        from registration.catalogue.metadata_parts import register_metadata_part
        from registration.services import clients, messages_queue, onboarding_messages, payments
        from registration.services.files import files_metadata

        admin.register()
        docs.register()
        checks.register()
        checks_payments.register()
        clients.register()
        messages_queue.register()
        onboarding_messages.register()
        payments.register()
        retention.register()
        register_metadata_part(files_metadata)
