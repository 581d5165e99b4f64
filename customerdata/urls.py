"""URLs of customerdata."""

from django.urls import URLPattern, URLResolver, include, path

from customerdata.pages import account_link

app_name = "customerdata"
urlpatterns: list[URLPattern | URLResolver] = [
    path("cds-customerdata-api/v1/", include("customerdata.api.urls")),
    path("accounts-link/", account_link.account_link, name="account-link"),
    path("accounts-link/<str:link_id>/", account_link.account_link_code, name="account-link-code"),
]
