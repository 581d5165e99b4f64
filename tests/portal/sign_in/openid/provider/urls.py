"""The provider's pages, and the page by which tests arrange them."""

import json
import time
from typing import Any

from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Client
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from tests.portal.sign_in.openid.provider import adapter

PASSWORD = "password-at-the-provider"


@csrf_exempt
def control(request: HttpRequest) -> HttpResponse:
    """Take `{redirect_uri, people: [{email, verified, name, claims}], fault}`; forget the rest.

    Whoever was known before keeps the subject.
    """
    wanted: dict[str, Any] = json.loads(request.body)
    adapter.fault = wanted.get("fault", "")
    adapter.claims_of.clear()
    User.objects.exclude(email__in=[each["email"] for each in wanted["people"]]).delete()
    Client.objects.all().delete()
    client = Client(
        id="portal",
        name="Portal",
        scopes="openid\nprofile\nemail\naccounts",
        redirect_uris=wanted["redirect_uri"],
        skip_consent=not wanted.get("asks_consent", False),
    )
    client.set_secret("secret-of-the-portal")
    client.save()
    for person in wanted["people"]:
        first, _, last = person.get("name", "").partition(" ")
        found = User.objects.filter(email=person["email"]).first()
        user = found or User(username=person["email"], email=person["email"])
        user.first_name, user.last_name = first, last
        user.set_password(PASSWORD)
        user.save()
        EmailAddress.objects.update_or_create(
            user=user,
            email=person["email"],
            defaults={"verified": person["verified"], "primary": True},
        )
        adapter.claims_of[person["email"]] = person.get("claims", {})
    return HttpResponse("ok")


@csrf_exempt
def spoil(request: HttpRequest) -> HttpResponse:
    """Change the fault and nothing else."""
    adapter.fault = request.body.decode()
    return HttpResponse("ok")


def slow(request: HttpRequest) -> HttpResponse:
    """Answer never in time."""
    time.sleep(30)
    return HttpResponse("late")


urlpatterns = [
    path("control/", control),
    path("spoil/", spoil),
    path("slow/.well-known/openid-configuration", slow),
    path("accounts/", include("allauth.account.urls")),
    path("", include("allauth.idp.urls")),
]
