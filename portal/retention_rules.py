"""When rows of the foundation and of its libraries are deleted."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q

from portal.models import OutboxEntry
from portal.retention import AgeLimit, EmptiedBy, Kept, LivesWith, register_retention

_TRAIL = "the audit trail: shortened, it would prove nothing"


def register() -> None:
    """Register the rules; called once, when the app is ready."""
    _register_own()
    _register_libraries()


def _register_own() -> None:
    addresses = EmailAddress.objects.filter(user=OuterRef("pk"))
    register_retention(
        Kept("portal.AuditEvent", _TRAIL),
        Kept("portal.AuditSeal", _TRAIL),
        Kept("portal.SealedEvent", _TRAIL),
        EmptiedBy("portal.UnsealedEvent", schedule="audit-seal", rows="events that are sealed"),
        AgeLimit(
            "portal.OutboxEntry",
            rows="background work that is done",
            # Longer than the time spans in which `portal.background.mail_shares` counts emails.
            age=timedelta(days=30),
            since="finished",
            where=Q(status=OutboxEntry.Status.DONE),
        ),
        AgeLimit(
            "portal.OutboxEntry",
            rows="background work that failed for good",
            age=timedelta(days=180),
            since="finished",
            where=Q(status=OutboxEntry.Status.FAILED),
        ),
        Kept("portal.TermsVersion", "what customers accepted, one row for each new text"),
        AgeLimit(
            "portal.User",
            rows="sign-ups whose email address was never confirmed",
            age=timedelta(days=30),
            since="date_joined",
            where=Q(
                Exists(addresses),
                ~Exists(addresses.filter(verified=True)),
                last_login__isnull=True,
                is_staff=False,
            ),
        ),
        Kept("portal.User", "people who sign in, until the utility deletes them"),
        LivesWith("portal.User_groups", "user"),
        LivesWith("portal.User_user_permissions", "user"),
    )


def _register_libraries() -> None:
    register_retention(
        LivesWith("account.EmailAddress", "user"),
        AgeLimit(
            "account.EmailConfirmation",
            rows="emails that ask to confirm an address",
            age=timedelta(days=30),
            since="created",
        ),
        LivesWith("mfa.Authenticator", "user"),
        Kept("socialaccount.SocialApp", "stays empty: providers come from OIDC_PROVIDERS"),
        LivesWith("socialaccount.SocialAccount", "user"),
        LivesWith("socialaccount.SocialToken", "account"),
        AgeLimit(
            "sessions.Session",
            rows="sessions that have ended",
            age=timedelta(hours=1),
            since="expire_date",
        ),
        Kept("admin.LogEntry", "stays empty: the administration pages change nothing"),
        Kept("auth.Permission", "one row for each kind of permission"),
        Kept("auth.Group", "created by the utility"),
        LivesWith("auth.Group_permissions", "group"),
        Kept("contenttypes.ContentType", "one row for each table"),
    )
