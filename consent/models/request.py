"""Authorization requests, kept on the server from the first check to the answer.

What the customer's browser sends back is only the id and the customer's choices, so nothing that
was validated can be exchanged on the way. Pushed requests (RFC 9126) are the same rows.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.ids import random_id
from portal.models import TimestampedModel
from registration.models import Client


def new_request_id() -> str:
    """Return the one-time id of a request."""
    return random_id("ar_", length=40)


def compact(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return entries as they are stored: what repeats the first one of its type is left out."""
    first: dict[str, Mapping[str, Any]] = {}
    stored = []
    for entry in entries:
        known = first.setdefault(entry["type"], entry)
        stored.append(
            {
                name: value
                for name, value in entry.items()
                if known is entry or name == "type" or known[name] != value
            }
        )
    return stored


class AuthorizationRequest(TimestampedModel):
    """One validated request (CDS-WG3-01 9.1.1).

    `params`: redirect_uri, state, prompt, ui_locales, cds_grant_id, code_challenge,
    code_challenge_method, redirect_uri_given. `access`: what is asked, stored `compact`; read it
    from `entries`.
    """

    class Outcome(models.TextChoices):
        OPEN = "open", "not answered yet"
        APPROVED = "approved", "approved"
        DECLINED = "declined", "declined"
        FAILED = "failed", "ended by an error"

    request_id = models.CharField(max_length=64, unique=True, default=new_request_id)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="requests")
    pushed = models.BooleanField(default=False)
    params = models.JSONField()
    access = models.JSONField()
    expires = models.DateTimeField()
    opened = models.DateTimeField(null=True, blank=True, help_text="First shown to a browser")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    choices = models.JSONField(default=dict, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.OPEN)
    answered = models.DateTimeField(null=True, blank=True)
    answer_ciphertext = models.TextField(
        blank=True, help_text="The redirect that answered; a repeated submit gets it again"
    )
    grant = models.ForeignKey(
        "consent.Grant", null=True, blank=True, on_delete=models.PROTECT, related_name="requests"
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(outcome="open", answered__isnull=True)
                | (~Q(outcome="open") & Q(answered__isnull=False)),
                name="%(app_label)s_%(class)s_answered_with_outcome",
            ),
            models.CheckConstraint(
                condition=Q(grant__isnull=True) | Q(outcome="approved"),
                name="%(app_label)s_%(class)s_grant_only_if_approved",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires"], name="consent_request_expires")
        ]

    def __str__(self) -> str:
        return self.request_id

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The wire form of what is asked, with every default filled in (durations as asked)."""
        first: dict[str, dict[str, Any]] = {}
        return [first.setdefault(entry["type"], entry) | entry for entry in self.access]
