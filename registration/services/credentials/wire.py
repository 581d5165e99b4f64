"""The wire form of Credentials (CDS-WG1-02 7.1)."""

from typing import Any

from registration import urls_of
from registration.models import Credential
from registration.services.credentials.lifecycle import expires_at


def credential_to_wire(credential: Credential) -> dict[str, Any]:
    """Return a Credential object with its secret, which only its owner is allowed to see."""
    return {
        "credential_id": credential.credential_id,
        "uri": urls_of.credential_uri(credential.credential_id),
        "client_id": credential.client.client_id,
        "created": credential.created,
        "modified": credential.modified,
        "type": credential.type,
        "client_secret": credential.secret,
        "client_secret_expires_at": expires_at(credential),
    }
