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
        """Register system checks and the foundation's own health checks; note ways to sign in."""
        from allauth.socialaccount.signals import social_account_added, social_account_removed

        from portal import checks, health
        from portal.openid import adapter

        social_account_added.connect(adapter.connected)
        social_account_removed.connect(adapter.removed)
        checks.register()
        health.register()
