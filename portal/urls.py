"""All URLs. Clients discover theirs from the metadata; only the well-known paths are fixed."""

from allauth.account.decorators import reauthentication_required
from allauth.socialaccount.views import connections
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from portal.http.permissions import Permission, public, require
from portal.pages import accounts, demo, openid

signed_in = require(Permission.SIGNED_IN)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("consent.urls")),
    path("", include("registration.urls")),
    path("", include("customerdata.urls")),
    path("payments/", include("registration.pages.onboarding.webhooks")),
    # Last: its documentation pages match every path under /docs/ that is still free.
    path("", include("portal.pages.urls")),
    path("accounts/connections/", connections, name="socialaccount_connections"),
    path("accounts/oidc/<slug:provider_id>/login/", openid.sign_in, name="openid_connect_login"),
    path(
        "accounts/oidc/<slug:provider_id>/login/callback/",
        openid.callback,
        name="openid_connect_callback",
    ),
    path(
        "accounts/oidc/<slug:provider_id>/confirm/", openid.confirm, name="openid_connect_confirm"
    ),
    # Before those of the library, which change how people sign in without a record.
    path("accounts/email/", signed_in(accounts.Addresses.as_view()), name="account_email"),
    re_path(
        r"^accounts/confirm-email/(?P<key>[-:\w]+)/$",
        public(accounts.Confirmation.as_view()),
        name="account_confirm_email",
    ),
    path(
        "accounts/password/change/",
        signed_in(accounts.PasswordChange.as_view()),
        name="account_change_password",
    ),
    # A first password is another way in, so a session alone is not enough to set one.
    path(
        "accounts/password/set/",
        signed_in(reauthentication_required(accounts.PasswordSet.as_view(), app="portal")),
        name="account_set_password",
    ),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        public(accounts.PasswordReset.as_view()),
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/2fa/totp/activate/",
        signed_in(accounts.FactorActivation.as_view()),
        name="mfa_activate_totp",
    ),
    path(
        "accounts/2fa/totp/deactivate/",
        signed_in(accounts.FactorRemoval.as_view()),
        name="mfa_deactivate_totp",
    ),
    path(
        "accounts/2fa/recovery-codes/generate/",
        signed_in(accounts.RecoveryCodes.as_view()),
        name="mfa_generate_recovery_codes",
    ),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("admin/", admin.site.urls),
]
if settings.DEMO:
    urlpatterns += [
        path("demo/mail/", demo.mail_list, name="demo-mail"),
        path("demo/mail/<str:name>/", demo.mail_detail, name="demo-mail-detail"),
    ]

handler400 = "portal.http.error_pages.bad_request"
handler403 = "portal.http.error_pages.forbidden"
handler404 = "portal.http.error_pages.page_not_found"
handler500 = "portal.http.failures.server_error"
# Not Django's view: sign-in looks for it here.
handler429 = "portal.http.error_pages.too_many_requests"
