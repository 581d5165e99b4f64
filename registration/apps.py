"""Application configuration."""

from django.apps import AppConfig


class RegistrationConfig(AppConfig):
    """Server metadata, client registration and the admin APIs (CDS-WG1-01, CDS-WG1-02)."""

    name = "registration"
    verbose_name = "Registration"

    def ready(self) -> None:
        """Register the scope types of CDS-WG1-02 3.3, the docs pages and the system checks."""
        from registration import checks, docs, retention
        from registration.catalogue import admin
        from registration.catalogue.metadata_parts import metadata_parts
        from registration.services.clients import update
        from registration.services.files.upload import files_metadata
        from registration.services.messages import queue
        from registration.services.onboarding import handlers
        from registration.services.payments import checks as checks_payments
        from registration.services.payments import fees

        admin.register()
        docs.register()
        checks.register()
        checks_payments.register()
        update.register()
        queue.register()
        handlers.register()
        fees.register()
        retention.register()
        metadata_parts.register("files", files_metadata)
