"""What superusers can view; only services write."""

from django.contrib import admin

from portal.admin_site import ReadOnlyAdmin
from portal.models import AuditEvent, OutboxEntry, User


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """People."""

    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "date_joined")
    search_fields = ("email", "name")
    exclude = ("password",)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """The audit trail."""

    list_display = ("at", "actor", "action", "subject", "request_id")
    search_fields = ("actor", "action", "subject", "request_id")


@admin.register(OutboxEntry)
class OutboxEntryAdmin(ReadOnlyAdmin):
    """Background work."""

    list_display = ("task", "status", "attempts", "not_before", "finished")
    list_filter = ("status", "task")
