"""The administration site and staff pages open with a second factor only."""

import time

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.admin import site
from django.http import HttpResponse
from django.urls import reverse

from customerdata.demo.people import lasting_code
from portal.admin_site import ReadOnlyAdmin
from portal.http.permissions import Permission, require
from portal.models import User

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


@pytest.mark.parametrize("model", ["socialapp", "socialaccount", "socialtoken"])
def test_sign_ins_with_providers_are_not_made_here(client, admin, model):
    """A row would open somebody's account to somebody else, unseen."""
    client.force_login(admin)
    use_second_factor(client, admin)
    assert client.get(f"/admin/socialaccount/{model}/").status_code == 404


def test_no_page_of_the_administration_writes(rf, admin, client):
    """Also none that a library brings: tokens, second factors and groups are not made here."""
    request = rf.get("/admin/")
    client.force_login(admin)
    request.user, request.session = admin, client.session
    for model, page in site._registry.items():
        assert isinstance(page, ReadOnlyAdmin), model
        assert not page.has_add_permission(request)
    assert {model._meta.app_label for model in site._registry} == {"portal"}


def test_staff_pages_need_a_second_factor(rf, admin, client):
    """Who has none sets one up; who has one enters a code, and then sees the page."""
    view = require(Permission.STAFF)(lambda request: HttpResponse("ok"))
    client.force_login(admin)
    request = rf.get("/staff/")
    request.user, request.session = admin, client.session
    assert view(request)["Location"] == reverse("mfa_activate_totp")
    TOTP.activate(admin, generate_totp_secret())
    assert view(request)["Location"] == f"{reverse('mfa_reauthenticate')}?next=%2Fstaff%2F"
    use_second_factor(client, admin)
    request.session = client.session
    assert view(request).content == b"ok"


def test_others_are_told_nothing(client):
    """The sign-in page is the portal's own."""
    response = client.get("/admin/")
    assert response.status_code == 302
    assert client.get("/admin/login/")["Location"].startswith("/accounts/login/")


def test_setting_up_a_second_factor_leads_into_the_administration(client, admin):
    """A code entered in this session is enough: nobody has to sign out first."""
    secret = generate_totp_secret()
    TOTP.activate(admin, secret)
    client.force_login(admin)
    code = lasting_code(secret)
    page = client.get("/admin/portal/user/", follow=True)
    address, _ = page.redirect_chain[-1]
    assert address == "/accounts/2fa/reauthenticate/?next=%2Fadmin%2Fportal%2Fuser%2F"
    answer = client.post(address, {"code": code})
    assert answer["Location"] == "/admin/portal/user/"
    assert client.get(answer["Location"]).status_code == 200


def test_sign_in_leads_to_the_page_that_asked(client):
    """The address survives the sign-in."""
    page = client.get("/admin/portal/user/", follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/login/?next=/admin/portal/user/"


def test_the_sign_in_of_the_administration_is_no_dead_end(client, admin):
    """Who is in already lands inside."""
    client.force_login(admin)
    use_second_factor(client, admin)
    assert client.get("/admin/login/")["Location"] == "/admin/"
