"""The scope types of client registration itself (CDS-WG1-02 3.3)."""

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

from registration.catalogue.formats import FieldFormat
from registration.catalogue.types import (
    AuthorizationDetailsField,
    FieldCategory,
    ScopeKind,
    ScopeType,
    register_entries,
)

CLIENT_ADMIN = "cds_client_admin"
GRANT_ADMIN = "cds_grant_admin"
SERVER_PROVIDED_FILES = "cds_server_provided_files"

_NOTHING_TO_REGISTER: Mapping[str, object] = MappingProxyType(
    {
        "registration_requirements": [],
        "registration_optional": [],
        "coverages_supported": [],
    }
)

SCOPE_TYPES = (
    ScopeType(
        type=CLIENT_ADMIN,
        spec="CDS-WG1-02",
        section="3.3.1",
        kind=ScopeKind.ADMIN,
        title="Client Admin",
        description="This scope grants administrative access to the Client management APIs.",
        label=_("Registration settings"),
        explanation=_("Lets the company manage its own registration. No customer data."),
        fixed={
            "id": CLIENT_ADMIN,
            "name": "Client Admin",
            "description": "This scope grants administrative access to the Client management APIs.",
            "grant_admin_scope": None,
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **_NOTHING_TO_REGISTER,
        },
        id_prefix=CLIENT_ADMIN,
        grant_types=("client_credentials",),
    ),
    ScopeType(
        type=GRANT_ADMIN,
        spec="CDS-WG1-02",
        section="3.3.2",
        kind=ScopeKind.ADMIN,
        title="Grant Admin",
        description="This scope grants administrative access to previously created Grants.",
        label=_("Access to earlier permissions"),
        explanation=_("Lets the company use a permission that a customer has already given."),
        fixed={
            "name": "Grant Admin",
            "description": "This scope grants administrative access to previously created Grants.",
            "grant_admin_scope": None,
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **_NOTHING_TO_REGISTER,
        },
        id_prefix="cds_grant_admin_",
        grant_types=("client_credentials",),
        fields_required=("client_id", "grant_id"),
    ),
    ScopeType(
        type=SERVER_PROVIDED_FILES,
        spec="CDS-WG1-02",
        section="3.3.3",
        kind=ScopeKind.SERVER_GRANTED,
        title="Server-Provided Files",
        description=(
            "This scope grants access to specific files that the Server wants make available to "
            "the Client."
        ),
        label=_("Files from the utility"),
        explanation=_("Files that the utility itself provides to the company."),
        fixed={"token_endpoint_auth_methods_supported": [], **_NOTHING_TO_REGISTER},
        id_prefix="cds_server_provided_files_",
        auth_methods=(),
        fields_required=("file_id",),
    ),
)


def _identifier(
    field_id: str, section: str, name: str, description: str
) -> AuthorizationDetailsField:
    return AuthorizationDetailsField(
        id=field_id,
        spec="CDS-WG1-02",
        section=section,
        category=FieldCategory.IDENTIFIER,
        formats=(FieldFormat.STRING,),
        name=name,
        description=description,
        label=name,
        explanation=description,
        example="b1f0c6d2",
        is_required=True,
        maximum=1000,
        minimum=1,
    )


FIELDS = (
    _identifier(
        "client_id",
        "3.3.2",
        "Client Object identifier",
        "The Client Object identifier for which the Grant is issued.",
    ),
    _identifier(
        "grant_id",
        "3.3.2",
        "Grant identifier",
        "The Grant identifier for which the returned access_token will be given access.",
    ),
    _identifier(
        "file_id",
        "3.3.3",
        "File identifier",
        "A file provided by the Server that may be accessed by the Client as part of the Grant.",
    ),
)


def register() -> None:
    """Register these entries."""
    register_entries(SCOPE_TYPES, FIELDS)
