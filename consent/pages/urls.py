"""URLs of the pages about consent; consent.urls includes them."""

from django.urls import path

from consent.pages.authorization import views as authorization
from consent.pages.default_redirect import views as default_redirect
from consent.pages.receipts import views as receipts
from consent.pages.sharing import views as sharing

urlpatterns = [
    path("oauth/authorize", authorization.authorize, name="authorize"),
    path(
        "oauth/authorize/<str:request_id>/",
        authorization.authorization_form,
        name="authorization-form",
    ),
    path(
        "oauth/authorize/<str:request_id>/account/",
        authorization.switch_account,
        name="authorization-switch",
    ),
    path(
        "oauth/authorize/<str:request_id>/extend/",
        authorization.keep_open,
        name="authorization-extend",
    ),
    path(
        "oauth/default-redirect/<str:client_id>",
        default_redirect.default_redirect,
        name="default-redirect",
    ),
    path("receipts/<str:token>/", receipts.receipt, name="receipt"),
    path("receipts/<str:token>/terms/", receipts.receipt_terms, name="receipt-terms"),
    path("receipts/<str:token>/stop/", receipts.receipt_stop, name="receipt-stop"),
    path("sharing/", sharing.sharing, name="sharing"),
]
