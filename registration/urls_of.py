"""Absolute URLs of what registration serves, based on BASE_URL, never on the Host header."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse


def absolute(name: str, *args: str) -> str:
    """Return the public URL of one of registration's views."""
    return f"{settings.BASE_URL}{reverse(f'registration:{name}', args=args)}"


def portal_url(path: str) -> str:
    """Return the public URL of a path of this server."""
    return f"{settings.BASE_URL}{path}"


def docs_url(slug: str = "", anchor: str = "") -> str:
    """Return the public URL of a documentation page, or of one anchor on it."""
    page = portal_url(f"/docs/{slug}/" if slug else "/docs/")
    return f"{page}#{anchor}" if anchor else page


def client_uri(client_id: str) -> str:
    """Return the `cds_client_uri` of a Client (CDS-WG1-02 5.1)."""
    return absolute("client", client_id)


def client_metadata_url(client_id: str) -> str:
    """Return the `cds_server_metadata` of a Client (CDS-WG1-02 5.1)."""
    return absolute("client-server-metadata", client_id)


def default_redirect_uri(client_id: str) -> str:
    """Return the redirect URI that takes the customer to the receipt (CDS-WG1-02 4.2)."""
    return portal_url(f"/oauth/default-redirect/{client_id}")


def credential_uri(credential_id: str) -> str:
    """Return the `uri` of a Credential (CDS-WG1-02 7.1)."""
    return absolute("credential", credential_id)


def message_uri(message_id: str) -> str:
    """Return the `uri` of a Message (CDS-WG1-02 6.1)."""
    return absolute("message", message_id)


@dataclass(frozen=True, slots=True)
class ScopeDocs:
    """Builds the documentation URLs of scope descriptions."""

    def documentation(self, scope_id: str, anchor: str = "") -> str:
        """Return the URL of the docs page of a scope, or of one anchor on it."""
        url = absolute("docs-scope", scope_id)
        return f"{url}#{anchor}" if anchor else url
