"""Tokens: every model of the OAuth library is ours from the first migration on.

The library cannot swap one of them without the others, and a swap after the first migration
needs hand-made schema surgery, so all are subclassed, also where nothing is added.
Token values are never stored: the library leaves `token` empty under its RFC 9700 storage gate and
keeps SHA-256 in `token_checksum`, by which lookups go. Codes are stored as keyed digests in `code`.
All tokens that go back to one code share its `token_family`, so that they can be revoked together.
"""

import uuid
from typing import ClassVar

from django.db import models
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractDeviceGrant,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
)

from consent.models.grant import Grant
from consent.models.request import AuthorizationRequest
from registration.models import Credential

# Of the keyed digests in `AuthorizationCode.code`.
CODE_PURPOSE = "authorization-code"


class AuthorizationCode(AbstractGrant):
    """A one-time code; the library calls it Grant, which the standard uses for something else."""

    cds_grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="codes")
    request = models.ForeignKey(
        AuthorizationRequest, null=True, on_delete=models.SET_NULL, related_name="codes"
    )
    token_family = models.UUIDField(default=uuid.uuid4, editable=False)
    redeemed = models.DateTimeField(
        null=True, blank=True, help_text="A second use revokes what the first one issued"
    )

    class Meta(AbstractGrant.Meta):
        abstract = False


class AccessToken(AbstractAccessToken):
    """A bearer token; dies with its Grant, its Client and its Credential.

    `cds_grant` is the Grant that it opens. A token of a Grant Admin Client also belongs to the
    Grant of that Client, `admin_grant` (CDS-WG1-02 3.3.2), and dies with either.
    """

    cds_grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="access_tokens")
    admin_grant = models.ForeignKey(
        Grant, null=True, blank=True, on_delete=models.CASCADE, related_name="admin_tokens"
    )
    credential = models.ForeignKey(
        Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="access_tokens"
    )
    token_family = models.UUIDField(null=True, blank=True, editable=False)
    authorization_details = models.JSONField(default=list)

    class Meta(AbstractAccessToken.Meta):
        abstract = False
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires"], name="consent_accesstoken_expires"),
            models.Index(
                fields=["token_family"],
                condition=models.Q(token_family__isnull=False),
                name="consent_accesstoken_family",
            ),
        ]


class RefreshToken(AbstractRefreshToken):
    """A refresh token, bound to its Client and to the Credential under which it was issued."""

    cds_grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="refresh_tokens")
    credential = models.ForeignKey(
        Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="refresh_tokens"
    )
    scope = models.TextField(blank=True)

    class Meta(AbstractRefreshToken.Meta):
        abstract = False


class IDToken(AbstractIDToken):
    """Not issued; exists because the access token model points at it."""

    class Meta(AbstractIDToken.Meta):
        abstract = False


class DeviceGrant(AbstractDeviceGrant):
    """Not issued; swapped with the rest."""

    class Meta(AbstractDeviceGrant.Meta):
        abstract = False
