"""URLs of consent: OAuth for programs, the Grants API, and the customers' pages."""

from django.urls import URLPattern, URLResolver, include, path

from consent.api.grants import GrantDetail, GrantList
from consent.oauth import views
from registration.api.principal import bearer

app_name = "consent"
_admin = bearer("cds_client_admin")

urlpatterns: list[URLPattern | URLResolver] = [
    path("oauth/par", views.par, name="par"),
    path("oauth/token", views.token, name="token"),
    path("oauth/revoke", views.revoke, name="revoke"),
    path("oauth/introspect", views.introspection, name="introspect"),
    path("cds-api/v1/grants", _admin(GrantList.as_view()), name="grants"),
    path("cds-api/v1/grants/<str:grant_id>", _admin(GrantDetail.as_view()), name="grant"),
    path("", include("consent.pages.urls")),
]
