"""What of consent goes by age, and what stays as long as its Grant."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import AccessToken, AuthorizationRequest, RefreshToken
from portal.tasks import sweep_old_rows
from tests.factories.consent import (
    AuthorizationRequestFactory,
    GrantFactory,
    refresh_token_for,
    token_for,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def test_tokens_that_are_long_dead_go():
    """They would pile up for ever; what may still be replayed stays."""
    grant, now = GrantFactory.create(), timezone.now()
    token_for(grant, expires=now - 31 * DAY)
    token_for(grant, expires=now - 29 * DAY)
    refresh_token_for(grant)
    sweep_old_rows()
    assert AccessToken.objects.count() == 1
    assert RefreshToken.objects.count() == 1


def test_requests_go_and_their_grants_stay():
    """Clients find a Grant by the `state` that it keeps (CDS-WG3-01 9.1.1)."""
    now = timezone.now()

    def request(days: float, **fields: object) -> AuthorizationRequest:
        row: AuthorizationRequest = AuthorizationRequestFactory.create(
            expires=now - days * DAY, **fields
        )
        return row

    declined = {"outcome": "declined", "answered": now - 40 * DAY}
    grant = GrantFactory.create()
    approved = {"outcome": "approved", "answered": now - 40 * DAY, "grant": grant}
    request(2)
    request(31, **declined)
    request(31, **approved)
    kept = [request(0.1), request(29, **declined), request(29, **approved)]
    sweep_old_rows()
    grant.refresh_from_db()
    assert list(AuthorizationRequest.objects.order_by("pk")) == kept
