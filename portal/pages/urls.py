"""URLs of the foundation's own pages."""

from django.urls import path

from portal import docs, health
from portal.pages import home, i18n, terms

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics_page, name="metrics"),
    path("docs/", docs.docs_page, name="docs"),
    path("docs/<path:slug>/", docs.docs_page, name="docs-page"),
    path("terms/", terms.terms, name="terms"),
    path("language/", i18n.set_language, name="set-language"),
]
