"""Client objects and their secrets (CDS-WG1-02 5.1 and 7.1)."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from oauth2_provider.models import AbstractApplication

from portal.crypto import decrypt
from portal.ids import random_id
from portal.models import TimestampedModel
from registration import urls_of
from registration.models.registration import Registration
from registration.validation.redirect_uris import is_registered


def new_client_id() -> str:
    """Return the public id of a Client."""
    return random_id("cl_")


def new_credential_id() -> str:
    """Return the public id of a Credential."""
    return random_id("cred_")


class ClientQuerySet(models.QuerySet["Client"]):
    """Scopes of Client objects."""

    def of(self, registration: Registration) -> "ClientQuerySet":
        """Only this registration's Clients."""
        return self.filter(registration=registration)

    def enabled(self) -> "ClientQuerySet":
        """Clients that can get tokens."""
        return self.exclude(cds_status=Client.Status.DISABLED)


class Client(AbstractApplication):
    """A CDS Client object: OAuth client, DOT Application.

    The library's secret column stays empty: secrets are Credentials. A Client can have several,
    encrypted rather than hashed because the Credentials API must return them.
    """

    class Status(models.TextChoices):
        PRODUCTION = "production", "production"
        SANDBOX = "sandbox", "sandbox"
        DISABLED = "disabled", "disabled"

    class AuthMethod(models.TextChoices):
        BASIC = "client_secret_basic", "secret in the Authorization header"
        NONE = "none", "public client, no secret"

    registration = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="clients")
    client_id = models.CharField(max_length=64, unique=True, default=new_client_id, editable=False)
    client_secret = models.CharField(max_length=1, blank=True, default="", editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    modified = models.DateTimeField(default=timezone.now)
    scopes = ArrayField(models.CharField(max_length=100), default=list)
    registered_scopes = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="What the Client was given; empty while it gave nothing up",
    )
    redirect_uri_list = ArrayField(models.CharField(max_length=2000), default=list, blank=True)
    token_endpoint_auth_method = models.CharField(  # noqa: DJ001 -- null is the standard's "none configured"
        max_length=30, choices=AuthMethod.choices, null=True, blank=True
    )
    grant_types = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    response_types = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    contacts = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    client_uri = models.URLField(max_length=2000, blank=True)
    logo_uri = models.URLField(max_length=2000, blank=True)
    tos_uri = models.URLField(max_length=2000, blank=True)
    policy_uri = models.URLField(max_length=2000, blank=True)
    website_confirmed = models.DateTimeField(null=True, blank=True)
    cds_status = models.CharField(max_length=12, choices=Status.choices)
    cds_status_options = ArrayField(models.CharField(max_length=12), default=list)
    disabled_by_staff = models.BooleanField(
        default=False, help_text="Only the utility enables this Client again"
    )
    default_scope = models.TextField(blank=True)
    cds_default_redirect_uri = models.CharField(max_length=2000, blank=True)
    default_authorization_details = models.JSONField(default=list, blank=True)
    purposes = models.JSONField(default=dict, blank=True, help_text="CDS-WG3-01 8.3, by id")
    pkce_required = models.BooleanField(default=False)
    tokens_not_before = models.DateTimeField(
        null=True, blank=True, help_text="Tokens issued earlier are dead"
    )

    objects: ClassVar[Any] = ClientQuerySet.as_manager()

    class Meta(AbstractApplication.Meta):
        abstract = False
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["registration", "-modified", "-id"], name="registration_client_list"
            )
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(cds_status_options__contains=["production", "sandbox"]),
                name="%(app_label)s_%(class)s_one_environment",
                violation_error_message="A Client is for production or for the sandbox, not both.",
            ),
            models.CheckConstraint(
                condition=Q(cds_status=F("cds_status_options__0"))
                | Q(cds_status="disabled")
                | Q(cds_status=F("cds_status_options__1")),
                name="%(app_label)s_%(class)s_status_is_an_option",
            ),
            models.CheckConstraint(
                condition=Q(client_secret=""), name="%(app_label)s_%(class)s_no_plain_secret"
            ),
            models.CheckConstraint(
                condition=Q(disabled_by_staff=False) | Q(cds_status="disabled"),
                name="%(app_label)s_%(class)s_staff_keep_it_disabled",
            ),
            # The one Client that the registration response returned; never disabled.
            models.UniqueConstraint(
                fields=["registration"],
                condition=Q(scopes__contains=["cds_client_admin"]),
                name="%(app_label)s_%(class)s_one_admin",
            ),
        ]

    def __str__(self) -> str:
        return self.client_name

    @property
    def client_name(self) -> str:
        """The name shown to people; the client_id if the Client has no name (CDS-WG1-02 5.1)."""
        return self.name or self.client_id

    @property
    def scope(self) -> str:
        """Space-separated scope ids."""
        return " ".join(self.scopes)

    @property
    def held_scopes(self) -> list[str]:
        """The scopes that the Client was given, including the ones it gave up (CDS-WG1-02 5.5)."""
        return self.registered_scopes or self.scopes

    @property
    def is_admin(self) -> bool:
        """Whether this Client manages its registration."""
        return "cds_client_admin" in self.scopes

    @property
    def is_public(self) -> bool:
        """Whether this Client has no secret (RFC 6749 2.1)."""
        return self.token_endpoint_auth_method == self.AuthMethod.NONE

    @property
    def is_enabled(self) -> bool:
        """Whether this Client can get and use tokens."""
        return self.cds_status != self.Status.DISABLED

    @property
    def environment(self) -> str:
        """`production` or `sandbox`, even while the Client is disabled."""
        return "production" if "production" in self.cds_status_options else "sandbox"

    @property
    def settable_statuses(self) -> list[str]:
        """The values that the owner can currently set `cds_status` to (CDS-WG1-02 5.1)."""
        return (
            [self.Status.DISABLED.value]
            if self.disabled_by_staff
            else list(self.cds_status_options)
        )

    @property
    def default_redirect_uri(self) -> str:
        """The redirect URI of authorization requests that name none (CDS-WG1-02 5.1)."""
        return self.cds_default_redirect_uri

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Whether an authorization request can name this redirect URI (RFC 9700 2.1).

        The port of this server's own page is not chosen by an app, so it must not differ.
        """
        if uri and uri in (*self.redirect_uri_list, self.default_redirect_uri):
            return True
        own = urls_of.default_redirect_uri(self.client_id)
        return is_registered(uri, [other for other in self.redirect_uri_list if other != own])


class CredentialQuerySet(models.QuerySet["Credential"]):
    """Scopes of Credentials."""

    def of(self, registration: Registration) -> "CredentialQuerySet":
        """Only this registration's Credentials."""
        return self.filter(client__registration=registration)

    def usable(self, now: datetime) -> "CredentialQuerySet":
        """Secrets that have not expired."""
        return self.filter(Q(expires__isnull=True) | Q(expires__gt=now))


class Credential(TimestampedModel):
    """One secret of a Client. The secret never changes; its expiry can only move earlier (7.6)."""

    class Type(models.TextChoices):
        CLIENT_SECRET = "client_secret", "client secret"

    credential_id = models.CharField(max_length=64, unique=True, default=new_credential_id)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="credentials")
    type = models.CharField(max_length=20, choices=Type.choices, default=Type.CLIENT_SECRET)
    secret_ciphertext = models.TextField()
    secret_digest = models.CharField(max_length=64, unique=True)
    expires = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)
    tokens_not_before = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = CredentialQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["client", "-modified", "-id"], name="registration_cred_list")
        ]

    def __str__(self) -> str:
        return self.credential_id

    def is_usable(self, now: datetime) -> bool:
        """Whether the secret has not expired."""
        return self.expires is None or self.expires > now

    @property
    def secret(self) -> str:
        """The secret in plain text, for the Credentials API only."""
        return decrypt(self.secret_ciphertext)
