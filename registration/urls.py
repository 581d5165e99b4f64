"""URLs of registration."""

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from portal.http.permissions import public
from registration.api import clients, credentials, discovery, files, messages, register
from registration.api.principal import bearer
from registration.catalogue.admin import CLIENT_ADMIN, SERVER_PROVIDED_FILES
from registration.pages import docs

View = Callable[..., HttpResponse]
admin: Callable[[View], View] = bearer(CLIENT_ADMIN)
files_reader: Callable[[View], View] = bearer(SERVER_PROVIDED_FILES)

app_name = "registration"
urlpatterns: list[URLPattern | URLResolver] = [
    path(
        ".well-known/cds-server-metadata.json",
        public(discovery.ServerMetadata.as_view()),
        name="server-metadata",
    ),
    path(
        ".well-known/oauth-authorization-server",
        public(discovery.OAuthMetadata.as_view()),
        name="oauth-metadata",
    ),
    path("cds/coverage", public(discovery.CoverageList.as_view()), name="coverage"),
    path(
        "cds/coverage/<slug:entry_id>.geojson",
        public(discovery.CoverageGeoJson.as_view()),
        name="coverage-geojson",
    ),
    path(
        "cds/coverage/<slug:entry_id>.svg",
        public(discovery.CoverageMap.as_view()),
        name="coverage-map",
    ),
    path(
        "cds/clients/<slug:client_id>/server-metadata.json",
        public(discovery.ClientServerMetadata.as_view()),
        name="client-server-metadata",
    ),
    path(
        "cds/clients/<slug:client_id>/oauth-metadata.json",
        public(discovery.ClientOAuthMetadata.as_view()),
        name="client-oauth-metadata",
    ),
    path("oauth/register", public(register.Register.as_view()), name="register"),
    path("cds-api/v1/clients", admin(clients.ClientList.as_view()), name="clients"),
    path(
        "cds-api/v1/clients/<slug:client_id>", admin(clients.ClientDetail.as_view()), name="client"
    ),
    path("cds-api/v1/credentials", admin(credentials.CredentialList.as_view()), name="credentials"),
    path(
        "cds-api/v1/credentials/<slug:credential_id>",
        admin(credentials.CredentialDetail.as_view()),
        name="credential",
    ),
    path("cds-api/v1/messages", admin(messages.MessageList.as_view()), name="messages"),
    path(
        "cds-api/v1/messages/<slug:message_id>",
        admin(messages.MessageDetail.as_view()),
        name="message",
    ),
    path(
        "cds-api/v1/server-provided-files",
        files_reader(files.FileList.as_view()),
        name="server-provided-files",
    ),
    path(
        "cds-api/v1/server-provided-files/<slug:file_id>",
        files_reader(files.FileDetail.as_view()),
        name="server-provided-file",
    ),
    path(
        "cds-api/v1/server-provided-files/<slug:file_id>/download",
        files_reader(files.FileDownload.as_view()),
        name="server-provided-file-download",
    ),
    path("", include("registration.pages.onboarding.urls")),
    # Without a trailing slash, so that the portal's own /docs/<slug>/ does not match it.
    path("docs/scopes/<str:scope_id>", docs.scope_page, name="docs-scope"),
    path("docs/scopes/<str:scope_id>/", docs.scope_page),
]
