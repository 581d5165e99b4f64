"""Application configuration."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Puts our administration site in the place of Django's."""

    default_site = "portal.admin_site.PortalAdminSite"


class PortalConfig(AppConfig):
    """Foundation of the portal."""

    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Register system checks and the foundation's own health checks."""
        from portal import checks, health

        checks.register()
        health.register()
