"""Grants: the only thing that gives data, what the customer chose, and the receipt of it."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from portal.ids import confirmation_number, random_id
from portal.models import TimestampedModel
from registration.models import Client, Message, Registration


def new_grant_id() -> str:
    """Return the public id of a Grant."""
    return random_id("gr_")


def new_receipt_token() -> str:
    """Return the unguessable part of a receipt's URL (CDS-WG3-01 9.4)."""
    return random_id(length=52)


class GrantQuerySet(models.QuerySet["Grant"]):
    """Scopes of Grants."""

    def of(self, registration: Registration) -> "GrantQuerySet":
        """Only this party's Grants."""
        return self.filter(client__registration=registration)

    def live(self) -> "GrantQuerySet":
        """Grants that have not ended."""
        return self.exclude(status__in=Grant.ENDED)

    def due_to_start(self, now: datetime) -> "GrantQuerySet":
        """Grants for the future whose time has come (CDS-WG1-02 8.2)."""
        return self.filter(status=Grant.Status.FUTURE, not_before__lte=now)

    def out_of_new_data(self, now: datetime) -> "GrantQuerySet":
        """Active Grants whose last new data has come (CDS-WG1-02 8.2, `stopped`)."""
        return self.filter(status=Grant.Status.ACTIVE, new_data_until__lte=now)

    def overdue(self, now: datetime) -> "GrantQuerySet":
        """Grants that are still being set up although they should be ready (`eta` has passed)."""
        return self.filter(status=Grant.Status.PENDING, eta__lte=now)

    def expired_by(self, now: datetime) -> "GrantQuerySet":
        """Grants whose end has come but whose status does not say so yet."""
        return self.filter(expires__lte=now).exclude(status__in=Grant.ENDED)


class Grant(TimestampedModel):
    """A CDS Grant (CDS-WG1-02 8.1). `expires` is also published as `not_after` (decision 14).

    `authorization_details` holds one entry per scope with absolute durations (CDS-WG3-01 7.3).
    `scope` and `authorization_details` are what was authorized, so whoever computes access reads
    nothing else. What a Client wants beyond that stands in the `asked_` columns until the customer
    decides, or the utility where no customer gave the Grant, and is what the API then publishes
    (8.6). `review` is the Message of the utility's review; the Grant is `pending` meanwhile.
    `new_data_until` is written with the computation of access, which knows of links that ended.
    `resolution` keeps what the scope ids and choices of the entries meant when they were granted
    (consent.catalogue.access).
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "active"
        FUTURE = "future", "starts later"
        PENDING = "pending", "being set up"
        PARTIAL = "partial", "partly given"
        NEEDS_AUTHORIZATION = "needs_authorization", "waits for the customer"
        NEEDS_SUB_GRANTS = "needs_sub_grants", "waits for others"
        DISABLED = "disabled", "disabled by the utility"
        SUSPENDED = "suspended", "suspended"
        REVOKED = "revoked", "revoked by the customer"
        CLOSED = "closed", "closed by the client"
        EXPIRED = "expired", "expired"
        DELAYED = "delayed", "data is late"
        STOPPED = "stopped", "no new data"
        ERRORED = "errored", "internal error"

    # Nothing leads out of these.
    ENDED: ClassVar[frozenset[str]] = frozenset(
        {Status.DISABLED, Status.REVOKED, Status.CLOSED, Status.EXPIRED}
    )
    # These give what `enabled_scope` says, which is less than what `scope` says.
    LIMITED: ClassVar[frozenset[str]] = frozenset(
        {Status.PARTIAL, Status.NEEDS_AUTHORIZATION, Status.NEEDS_SUB_GRANTS}
    )
    # These give no access at all (CDS-WG1-02 8.2).
    WITHOUT_ACCESS: ClassVar[frozenset[str]] = ENDED | {Status.FUTURE, Status.SUSPENDED}

    grant_id = models.CharField(max_length=64, unique=True, default=new_grant_id)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="grants")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="grants",
        help_text="The customer who authorized; null for grants without a customer",
    )
    status = models.CharField(max_length=20, choices=Status.choices)
    scope = models.TextField(blank=True)
    authorization_details = models.JSONField(default=list)
    enabled_scope = models.TextField(blank=True)
    enabled_authorization_details = models.JSONField(default=list)
    asked_scope = models.TextField(blank=True)
    asked_authorization_details = models.JSONField(
        null=True, blank=True, help_text="Asked for and not authorized yet; null for nothing"
    )
    resolution = models.JSONField(
        default=dict, blank=True, help_text="What scope ids and choices meant when granted"
    )
    review = models.OneToOneField(
        Message,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reviewed_grant",
        help_text="The field_changes Message that the utility has to decide about",
    )
    reviewed_from = models.CharField(
        max_length=20, blank=True, help_text="What a Grant goes back to after its review"
    )
    suspended_from = models.JSONField(
        null=True, blank=True, help_text="What a suspended Grant goes back to"
    )
    authorized = models.DateTimeField(
        null=True, blank=True, help_text="When a customer approved a Grant that was there already"
    )
    not_before = models.DateTimeField(null=True, blank=True)
    expires = models.DateTimeField(null=True, blank=True)
    eta = models.DateTimeField(null=True, blank=True)
    new_data_until = models.DateTimeField(
        null=True, blank=True, help_text="When the last new data comes; null while no end is known"
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    replacing = models.ManyToManyField(
        "self", symmetrical=False, through="GrantReplacement", related_name="replaced_by"
    )
    states = ArrayField(
        models.TextField(),
        default=list,
        blank=True,
        help_text="`state` of the authorization requests that made or changed it, oldest first",
    )
    request_digest = models.CharField(
        max_length=64,
        blank=True,
        help_text="Identical client credentials requests share one Grant (decision 14)",
    )
    tokens_not_before = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=200, blank=True)

    objects: ClassVar[Any] = GrantQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["client", "-modified", "-grant_id"], name="consent_grant_list"),
            models.Index(
                fields=["expires"],
                condition=Q(expires__isnull=False),
                name="consent_grant_expires",
            ),
            # The sweeps that run every minute read only these few rows.
            models.Index(
                fields=["not_before"],
                condition=Q(status="future"),
                name="consent_grant_starts",
            ),
            models.Index(
                fields=["eta"], condition=Q(status="pending"), name="consent_grant_overdue"
            ),
            models.Index(
                fields=["new_data_until"],
                condition=Q(status="active", new_data_until__isnull=False),
                name="consent_grant_stops",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(eta__isnull=True) | Q(status="pending"),
                name="%(app_label)s_%(class)s_eta_only_pending",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["disabled", "suspended", "revoked", "closed", "expired"])
                | Q(enabled_scope="", enabled_authorization_details=[]),
                name="%(app_label)s_%(class)s_ended_gives_nothing",
            ),
            models.CheckConstraint(
                condition=Q(asked_scope="", asked_authorization_details__isnull=True)
                | Q(status__in=["needs_authorization", "suspended"])
                | Q(status="pending", review__isnull=False),
                name="%(app_label)s_%(class)s_asked_only_waiting",
            ),
            models.CheckConstraint(
                condition=Q(review__isnull=True, reviewed_from="")
                | Q(
                    review__isnull=False,
                    asked_authorization_details__isnull=False,
                    status__in=["pending", "suspended"],
                    reviewed_from__in=["active", "delayed", "stopped", "errored"],
                ),
                name="%(app_label)s_%(class)s_review_of_a_question",
            ),
            models.CheckConstraint(
                condition=Q(suspended_from__isnull=True) | Q(status="suspended"),
                name="%(app_label)s_%(class)s_suspended_from",
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="%(app_label)s_%(class)s_not_its_own_parent",
            ),
            models.UniqueConstraint(
                fields=["client", "request_digest"],
                condition=~Q(request_digest="")
                & ~Q(status__in=["disabled", "revoked", "closed", "expired"]),
                name="%(app_label)s_%(class)s_one_per_request",
            ),
        ]

    def __str__(self) -> str:
        return self.grant_id

    @property
    def given(self) -> datetime:
        """When the customer chose what it opens."""
        given: datetime = self.authorized or self.created
        return given

    @property
    def is_administrative(self) -> bool:
        """Whether a client credentials request made this Grant, without a customer."""
        return bool(self.request_digest)

    @property
    def is_under_review(self) -> bool:
        """Whether the utility has to decide about what the Client asked for."""
        return self.review_id is not None

    @property
    def is_asking(self) -> bool:
        """Whether the Client asked for more than was authorized (CDS-WG1-02 8.6)."""
        return self.asked_authorization_details is not None

    @property
    def published_scope(self) -> str:
        """`scope` as the API shows it: what is asked for where that is more (CDS-WG1-02 8.2)."""
        return self.asked_scope if self.is_asking else self.scope

    @property
    def published_details(self) -> list[dict[str, Any]]:
        """`authorization_details` as the API shows it."""
        details: list[dict[str, Any]] | None = self.asked_authorization_details
        return self.authorization_details if details is None else details

    @property
    def scope_ids(self) -> list[str]:
        """All published scope ids, in order: what an authorization request may name (8.3)."""
        return self.published_scope.split()

    @property
    def open_scope_ids(self) -> list[str]:
        """The scope ids that give access now.

        While `pending`, every granted scope counts: data shows as it becomes ready (WG1-02 8.2).
        """
        limited = self.status in self.LIMITED
        return (self.enabled_scope if limited else self.scope).split()

    def is_out_of_new_data(self, now: datetime) -> bool:
        """Whether the last new data has come, whatever the sweeps have done so far."""
        return self.new_data_until is not None and self.new_data_until <= now

    @property
    def shares_until(self) -> datetime | None:
        """When sharing ends without a decision: no more new data, or no access at all."""
        ends = [end for end in (self.new_data_until, self.expires) if end is not None]
        return min(ends, default=None)

    def gives_access(self, now: datetime) -> bool:
        """Whether the Grant opens anything at this moment, whatever the sweeps have done so far."""
        if self.status in self.WITHOUT_ACCESS:
            return False
        return self.expires is None or now < self.expires


class GrantReplacement(models.Model):
    """`newer` supersedes `older`."""

    newer = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="older_links")
    older = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="newer_links")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["newer", "older"], name="%(app_label)s_%(class)s_once")
        ]

    def __str__(self) -> str:
        return f"{self.newer} for {self.older}"


class Selection(models.Model):
    """What the customer chose for one entry of the Grant's authorization details.

    `object_ids` are the public ids of the chosen objects, `include_future` adds what comes later
    (CDS-WG3-01 9.2.3). `everything` adds all that the customer has today; the form lists what is
    chosen, so no Grant of a customer sets it. It is meant for direct access, where nobody chooses.
    `chosen` is set where the customer has decided about another part of the Grant since.
    """

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="selections")
    entry = models.PositiveSmallIntegerField(help_text="Index into authorization_details")
    scope_id = models.CharField(max_length=100)
    selection_type = models.CharField(max_length=40)
    object_ids = ArrayField(models.CharField(max_length=64), default=list)
    everything = models.BooleanField(default=False)
    include_future = models.BooleanField(default=False)
    chosen = models.DateTimeField(
        null=True, blank=True, help_text="When; null for when the Grant was given"
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["grant", "entry"], name="%(app_label)s_%(class)s_once")
        ]

    def __str__(self) -> str:
        return f"{self.grant} {self.selection_type}"


class Receipt(TimestampedModel):
    """Proof for the customer: readable and revocable without sign-in (CDS-WG3-01 9.4).

    `snapshot` freezes the words and terms of the day of consent.
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="receipts")
    url_token = models.CharField(max_length=64, unique=True, default=new_receipt_token)
    confirmation_number = models.CharField(max_length=20, unique=True, default=confirmation_number)
    language = models.CharField(max_length=10, default="en")
    snapshot = models.JSONField()

    def __str__(self) -> str:
        return self.confirmation_number
