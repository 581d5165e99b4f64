"""Application configuration."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Replaces Django's administration site with ours."""

    default_site = "portal.admin_site.PortalAdminSite"


class PortalConfig(AppConfig):
    """Foundation of the portal."""

    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Set the process's time zone; register checks, health checks and sign-in listeners."""
        from allauth.account import signals
        from allauth.socialaccount.models import SocialLogin
        from allauth.socialaccount.signals import social_account_added, social_account_removed
        from django.db import transaction

        from portal import checks, env, health, retention_rules
        from portal.pages import accounts
        from portal.sign_in.openid import adapter

        # A connection and its consequences must be committed together. allauth has no hook around
        # both, and several paths lead there; a transaction around its views would also span
        # requests to the provider and emails.
        SocialLogin.connect = transaction.atomic(SocialLogin.connect)
        social_account_added.connect(adapter.connected)
        social_account_removed.connect(adapter.removed)
        env.put_c_library_in_utc()
        signals.email_added.connect(accounts.address_added)
        signals.email_removed.connect(accounts.address_removed)
        signals.email_changed.connect(accounts.main_address_changed)
        signals.email_confirmed.connect(accounts.address_confirmed)
        checks.register()
        health.register()
        retention_rules.register()
