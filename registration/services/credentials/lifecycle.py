"""Secrets of Clients: creation, encryption, lookup by digest and expiry (CDS-WG1-02 7)."""

from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal import audit, crypto
from portal.db.prepared import Prepared
from portal.models import User
from portal.values.times import format_datetime
from registration import urls_of
from registration.errors import InvalidRequest
from registration.models import Client, Credential
from registration.services.locks import lock_client
from registration.services.messages.write import notify, send_message

_PURPOSE = "client_secret"
EXPIRES_FIELD = "client_secret_expires_at"
# Enough for several programs with an old and a new secret each; more would be more to leak.
MAX_WORKING = 10
_ENDED = "has ended, with every token it obtained"


def secret_digest(secret: str) -> str:
    """Return the digest for looking up a secret."""
    return crypto.digest(secret, purpose=_PURPOSE)


@transaction.atomic
def create_credential(
    *, client: Client, reason: str = "", by: User | str
) -> tuple[Credential, str]:
    """Create another secret for a Client and write the Message of CDS-WG1-02 7.3.

    With a reason, given by staff, the contacts are emailed too. Raises InvalidRequest for Clients
    that need no secret, for those that have MAX_WORKING of them, and for disabled ones: a secret of
    a disabled Client would have to be expired from the start (7.1).
    """
    client = lock_client(client)
    if client.token_endpoint_auth_method != Client.AuthMethod.BASIC:
        raise InvalidRequest("client_id: this Client does not use a secret.", field="client_id")
    if not client.is_enabled:
        raise InvalidRequest(
            "client_id: this Client is disabled; enable it first, then create a Credential.",
            field="client_id",
        )
    if client.credentials.usable(timezone.now()).count() >= MAX_WORKING:
        raise InvalidRequest(
            f"client_id: a Client can have at most {MAX_WORKING} working secrets, and this one "
            f"has reached the limit. Expire one of them by setting {EXPIRES_FIELD}, then create "
            "another.",
            field="client_id",
        )
    credential, secret = store_credential(client=client, by=by)
    what = f"A secret was created for the Client {client.client_name}."
    _tell(credential, "Credential added", what, reason=reason, by=by)
    return credential, secret


@transaction.atomic
def replace_credential(*, client: Client, reason: str, by: User | str) -> tuple[Credential, str]:
    """Create a secret, on the utility's behalf, for a Client that has none left.

    Without one, the owner of an admin Client cannot get a token for the Credentials API (CDS-WG1-02
    7.5). Staff deliver the secret; no Message or email contains it. Raises InvalidRequest without a
    reason, while a secret still works, and when `create_credential` does.
    """
    _check_reason(reason)
    client = lock_client(client)
    working = client.credentials.usable(timezone.now()).first()
    if working is not None:
        raise InvalidRequest(
            f"client_id: the secret {working.credential_id} of this Client still works. Its owner "
            "can create another one; if it is lost or has leaked, end it first.",
            field="client_id",
        )
    return create_credential(client=client, reason=reason, by=by)


def store_credential(*, client: Client, by: User | str) -> tuple[Credential, str]:
    """Create a secret without a Message: registration itself is not a change (CDS-WG1-02 7.3)."""
    secret = crypto.new_secret()
    now = timezone.now()
    credential = Credential.objects.create(
        client=client,
        secret_ciphertext=crypto.encrypt(secret),
        secret_digest=secret_digest(secret),
        created=now,
        modified=now,
    )
    _record("credential.created", credential, client, by)
    return credential, secret


def _with_digest(digest: str) -> QuerySet[Credential]:
    rows: QuerySet[Credential] = Credential.objects.select_related("client")
    return rows.filter(secret_digest=digest)


_by_secret = Prepared(_with_digest)


def authenticate(client_id: str, secret: str, now: datetime) -> Credential | None:
    """Return the usable Credential of an enabled Client that this secret belongs to.

    The lookup uses a keyed digest, so its timing reveals nothing about the stored secrets. The date
    of the last use is written only once a day, to avoid writes at the token endpoint.
    """
    credential = _by_secret.first(secret_digest(secret))
    if credential is None or not crypto.same(credential.client.client_id, client_id):
        return None
    if not credential.is_usable(now) or not credential.client.is_enabled:
        return None
    today = now.astimezone(UTC).date()
    if credential.last_used_on is None or credential.last_used_on < today:
        Credential.objects.filter(pk=credential.pk).exclude(last_used_on__gte=today).update(
            last_used_on=today
        )
    return credential


def expires_at(credential: Credential) -> int:
    """Return the wire value of the expiry: Unix seconds, 0 for never (RFC 7591 3.2.1)."""
    return int(credential.expires.timestamp()) if credential.expires else 0


@transaction.atomic
def expire_credential(*, credential: Credential, at: datetime, by: User | str) -> Credential:
    """Set the expiry of a secret; now or earlier also revokes the tokens it obtained (7.6).

    Raises InvalidRequest when it would live longer than before.
    """
    credential = _locked(credential)
    # The wire has whole seconds, but an expiry set by disabling has fractions.
    if credential.expires is not None and int(at.timestamp()) > expires_at(credential):
        raise InvalidRequest(
            f"{EXPIRES_FIELD} can only be moved earlier: the current value is "
            f"{expires_at(credential)}, received {int(at.timestamp())}.",
            field=EXPIRES_FIELD,
        )
    if credential.expires is not None and int(at.timestamp()) == expires_at(credential):
        return credential
    when = f"will end at {format_datetime(at)}"
    if _set_expiry(credential, at, by=by):
        when = _ENDED
    what = f"A secret of the Client {credential.client.client_name} {when}."
    _tell(credential, "Credential modified", what, by=by)
    return credential


@transaction.atomic
def expire_leaked_credential(*, credential: Credential, reason: str, by: User | str) -> Credential:
    """Expire a compromised secret for the utility, with every token it obtained (CDS-WG1-02 7.6).

    The reason is also emailed to the owner, who may be unable to read Messages without the secret.
    A secret that has already expired keeps its expiry, but its tokens are revoked. Raises
    InvalidRequest without a reason.
    """
    _check_reason(reason)
    credential = _locked(credential)
    now = timezone.now()
    _set_expiry(credential, min(credential.expires or now, now), by=by)
    what = f"A secret of the Client {credential.client.client_name} {_ENDED}."
    _tell(credential, "Credential modified", what, reason=reason, by=by)
    return credential


def _set_expiry(credential: Credential, at: datetime, *, by: User | str) -> bool:
    """Write the expiry of a locked row; return whether it has passed, which revokes the tokens."""
    now = timezone.now()
    is_over = at <= now
    credential.expires = at
    credential.modified = now
    if is_over:
        credential.tokens_not_before = now
    credential.save(update_fields=["expires", "modified", "tokens_not_before"])
    _record("credential.expiry_set", credential, credential.client, by, at=at)
    return is_over


@transaction.atomic
def set_expiry_from_wire(*, credential: Credential, value: object, by: User | str) -> Credential:
    """Apply a PATCH of `client_secret_expires_at`: Unix seconds, or 0 where it is 0 already.

    Raises InvalidRequest for anything else (CDS-WG1-02 7.6).
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidRequest(
            f"{EXPIRES_FIELD} must be a whole number of seconds since 1970, or 0 for never.",
            field=EXPIRES_FIELD,
        )
    if value == 0:
        credential = _locked(credential)
        if credential.expires is None:
            return credential
        raise InvalidRequest(
            f"{EXPIRES_FIELD} can only be moved earlier: it is {expires_at(credential)} and "
            "cannot become 0, which means never.",
            field=EXPIRES_FIELD,
        )
    try:
        at = datetime.fromtimestamp(value, tz=UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise InvalidRequest(
            f"{EXPIRES_FIELD} is too far in the future for this server.", field=EXPIRES_FIELD
        ) from error
    return expire_credential(credential=credential, at=at, by=by)


def expire_all(*, client: Client, now: datetime) -> int:
    """Expire every secret of a Client that is being disabled (CDS-WG1-02 7.1); return how many."""
    running = client.credentials.filter(Q(expires__isnull=True) | Q(expires__gt=now))
    count: int = running.update(expires=now, modified=now, tokens_not_before=now)
    return count


def _locked(credential: Credential) -> Credential:
    return (
        Credential.objects.select_for_update(of=("self",), no_key=True)
        .select_related("client__registration")
        .get(pk=credential.pk)
    )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidRequest(
            "A reason is required: it is shown to the third party.", field="reason"
        )


def _tell(
    credential: Credential, name: str, what: str, *, reason: str = "", by: User | str
) -> None:
    """Write a changelog entry (CDS-WG1-02 7.3); with a reason, the contacts are emailed too."""
    registration = credential.client.registration
    uri = urls_of.credential_uri(credential.credential_id)
    if not reason:
        notify(
            registration=registration,
            name=name,
            description=what,
            related_type="credential",
            related_uri=uri,
        )
        return
    send_message(
        registration=registration,
        name=name,
        description=f"{what} Reason: {reason}",
        related_type="credential",
        related_uri=uri,
        by=by,
    )


def _record(
    action: str,
    credential: Credential,
    client: Client,
    by: User | str,
    *,
    at: datetime | None = None,
) -> None:
    audit.record(
        action,
        by=by,
        subject=f"credential:{credential.credential_id}",
        registration=client.registration.registration_id,
        details={"client": client.client_id} | ({"at": at.isoformat()} if at else {}),
    )
