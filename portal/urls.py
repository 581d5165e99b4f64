"""All URLs. Clients discover theirs from the metadata; only the well-known paths are promised."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal.pages import demo

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("registration.urls")),
    path("", include("consent.urls")),
    path("", include("customerdata.urls")),
    # Last: its documentation pages take every path below /docs/ that nobody else has.
    path("", include("portal.pages.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("admin/", admin.site.urls),
]
if settings.DEMO:
    urlpatterns += [
        path("demo/mail/", demo.mail_list, name="demo-mail"),
        path("demo/mail/<str:name>/", demo.mail_detail, name="demo-mail-detail"),
    ]

handler400 = "portal.pages.errors.bad_request"
handler403 = "portal.pages.errors.forbidden"
handler404 = "portal.pages.errors.page_not_found"
handler500 = "portal.pages.errors.server_error"
