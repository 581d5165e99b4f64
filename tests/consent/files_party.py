"""A third party that the utility shares files with."""

import io
from typing import Any

from consent.models import Grant
from consent.services.grants.change_by_utility import grant_files
from registration.models import Client, Credential
from registration.models.files import ServerProvidedFile
from registration.services.files.upload import upload_file
from tests.consent.oauth.support import ask_token, details
from tests.registration.support import register_demo_client

SCOPE, ADMIN_SCOPE = "cds_server_provided_files_1", "cds_grant_admin_1"
DATA = bytes(range(256)) * 1000


class Party:
    """A third party, registered by the API for files."""

    def __init__(self) -> None:
        body = register_demo_client(scope=f"cds_client_admin {SCOPE} cds_usage").json()
        self.admin = Client.objects.get(client_id=body["client_id"])
        mine = Client.objects.filter(registration=self.admin.registration)
        self.files = mine.get(scopes__contains=[SCOPE])
        self.app = mine.get(scopes=["cds_usage"])
        self.reader = Credential.objects.get(
            client__registration=self.admin.registration, client__scopes=[ADMIN_SCOPE]
        )

    def upload(self, name: str = "Plan é.pdf", data: bytes = DATA, **values: Any):
        """Store a file for this party."""
        return upload_file(
            registration=self.admin.registration,
            name=name,
            content=io.BytesIO(data),
            by="system",
            **values,
        )

    def share(self, *files: ServerProvidedFile, **values: Any) -> Grant:
        """Grant files."""
        return grant_files(client=self.files, files=files, scope_id=SCOPE, by="system", **values)

    def ask(self, grant: Grant) -> Any:
        """Ask for a token of the Grant Admin Client."""
        entry = {
            "type": ADMIN_SCOPE,
            "client_id": grant.client.client_id,
            "grant_id": grant.grant_id,
        }
        return ask_token(
            self.reader,
            grant_type="client_credentials",
            scope=ADMIN_SCOPE,
            authorization_details=details(entry),
        )

    def reads(self, grant: Grant) -> dict[str, str]:
        """Return the headers that open a Grant."""
        return {"Authorization": f"Bearer {self.ask(grant).json()['access_token']}"}
