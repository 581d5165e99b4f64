"""The administration site and staff pages open with a second factor only."""

import time

import pytest
from django.http import HttpResponse
from django.urls import reverse

from portal.models import User
from portal.permissions import Permission, require

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    """Create an administrator."""
    return User.objects.create_superuser("admin@example.com", "demo-password-2026")


def use_second_factor(client, user: User) -> None:
    """Note in the session what allauth notes after a code was accepted."""
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [
        {"method": "mfa", "at": time.time(), "type": "totp"}
    ]
    session.save()


def test_a_password_alone_does_not_open_the_administration(client, admin):
    """A stolen password must not be enough."""
    client.force_login(admin)
    assert client.get("/admin/").status_code == 302
    use_second_factor(client, admin)
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/portal/auditevent/").status_code == 200


def test_the_administration_changes_nothing(client, admin):
    """Writes are services, which audit."""
    client.force_login(admin)
    use_second_factor(client, admin)
    response = client.post(f"/admin/portal/user/{admin.pk}/change/", {"email": "x@example.com"})
    assert response.status_code == 403


def test_staff_pages_need_a_second_factor(rf, admin, client):
    """Until then people are sent to set one up."""
    view = require(Permission.STAFF)(lambda request: HttpResponse("ok"))
    client.force_login(admin)
    request = rf.get("/staff/")
    request.user, request.session = admin, client.session
    assert view(request)["Location"] == reverse("mfa_index")
    use_second_factor(client, admin)
    request.session = client.session
    assert view(request).content == b"ok"


def test_others_are_told_nothing(client):
    """The sign-in page is the portal's own."""
    response = client.get("/admin/")
    assert response.status_code == 302
    assert client.get("/admin/login/")["Location"].startswith("/accounts/login/")
