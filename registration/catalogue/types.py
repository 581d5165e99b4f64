"""What scope types and authorization details fields are, and where they are registered.

The declarations themselves are data: `registration.catalogue.admin` holds the three scope types of
CDS-WG1-02 3.3, and other apps add theirs with `register_scope_type` and `register_field` from
`AppConfig.ready()`. Metadata, request checks, consent texts and docs pages all read these entries.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from django.utils.functional import Promise

from portal.values.durations import Direction
from registration.catalogue.formats import FieldFormat

Text = str | Promise
"""A sentence that might be translated lazily: render it with `str()`."""


class ScopeKind(StrEnum):
    """How access under a scope begins."""

    ADMIN = "admin"
    SERVER_GRANTED = "server_granted"
    CUSTOMER_CONSENT = "customer_consent"
    DIRECT_ACCESS = "direct_access"


class FieldCategory(StrEnum):
    """The groups of CDS-WG3-01 7.1 to 7.4, and the fixed fields of CDS-WG1-02 3.3."""

    PRESELECTION = "preselection"
    INCLUDE = "include"
    DURATION = "duration"
    OTHER = "other"
    IDENTIFIER = "identifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionRule:
    """Which selections a scope type can be rendered with (CDS-WG3-01 6.1, 7.4.1).

    All of `required` must be offered; `allowed` ones can be offered too. With `any_of`, at least
    one of `allowed` must be offered.
    """

    required: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    any_of: bool = False

    @property
    def possible(self) -> tuple[str, ...]:
        return (*self.required, *self.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A value that the standard forbids in requests for one scope type (CDS-WG3-01 6.1)."""

    field: str
    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeType:
    """One scope type of the standard.

    `fixed` holds scope description values that no deployment can change. `label` and `explanation`
    are shown to customers. `implied` names fields that count as true whatever a request says.
    """

    type: str
    spec: str
    section: str
    kind: ScopeKind
    title: str
    description: str
    label: Text
    explanation: Text
    fixed: Mapping[str, object] = field(default_factory=dict)
    id_prefix: str = ""
    response_types: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    auth_methods: tuple[str, ...] = ("client_secret_basic",)
    fields_required: tuple[str, ...] = ()
    fields_conditional: tuple[str, ...] = ()
    fields_forbidden: tuple[str, ...] = ()
    fields_required_by_selection: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    field_defaults: Mapping[str, object] = field(default_factory=dict)
    selections: SelectionRule | None = None
    implied: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    keeps_all_preselections: bool = False
    kept_preselections: tuple[str, ...] = ()

    @property
    def asks_customer(self) -> bool:
        """Whether requests go through the authorization form."""
        return bool(self.response_types)

    @property
    def code_challenge_methods(self) -> tuple[str, ...]:
        """CDS-WG1-02 3.4: S256 wherever authorization codes are used, never plain."""
        return ("S256",) if "authorization_code" in self.grant_types else ()

    def keeps_preselection(self, field_id: str) -> bool:
        """Whether a preselection field stays in Grants and token responses (CDS-WG3-01 6)."""
        return self.keeps_all_preselections or field_id in self.kept_preselections


@dataclass(frozen=True, slots=True, kw_only=True)
class Gating:
    """What an include field turns on: whole objects, and optional fields by object name."""

    objects: tuple[str, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectFilter:
    """What a preselection field filters when no customer is asked (CDS-WG3-01 6.2, 7.1).

    Objects named `object` must match; `reference_arrays` ("Object.field") drop references to
    objects that do not.
    """

    object: str
    reference_arrays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationDetailsField:
    """One authorization details field (CDS-WG1-02 3.8, CDS-WG3-01 7).

    Developers read `name` and `description`; customers read `label`, `explanation` and `example`.
    `formats[0]` is used unless an offer picks another. `default`, `maximum` and `minimum` apply to
    offers that do not set them. `special_values` maps a special list entry to the selections where
    it has a meaning; `preselects` names the selections that have a matching rule. For each pair in
    `implies`, the second field counts as true if the first one does. `direction` tells whether a
    relative value is before or after the creation of the Grant.
    """

    id: str
    spec: str
    section: str
    category: FieldCategory
    formats: tuple[FieldFormat, ...]
    name: str
    description: str
    label: Text
    explanation: Text
    example: object
    default: object = None
    maximum: object = None
    minimum: object = None
    is_required: bool = False
    null_means: Text = ""
    special_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    preselects: tuple[str, ...] = ()
    direct_filter: DirectFilter | None = None
    turns_on: Gating = field(default_factory=Gating)
    implies: tuple[tuple[str, str], ...] = ()
    direction: Direction | None = None
    applies_to: tuple[str, ...] = ()
    consent_only: bool = False
    same_everywhere: bool = False
    choices_by_client: bool = False


_scope_types: dict[str, ScopeType] = {}
_fields: dict[str, AuthorizationDetailsField] = {}


def register_scope_type(scope_type: ScopeType) -> None:
    """Add a scope type. Registering an equal entry again has no effect.

    Raises ValueError when another entry already has the name.
    """
    if _scope_types.setdefault(scope_type.type, scope_type) != scope_type:
        raise ValueError(f"scope type {scope_type.type} is registered twice")


def register_field(entry: AuthorizationDetailsField) -> None:
    """Add an authorization details field. Registering an equal entry again has no effect.

    Raises ValueError when another entry already has the id.
    """
    if _fields.setdefault(entry.id, entry) != entry:
        raise ValueError(f"authorization details field {entry.id} is registered twice")


def register_entries(
    scope_types: Iterable[ScopeType], fields: Iterable[AuthorizationDetailsField]
) -> None:
    """Add the entries of an app: called when it is ready; safe to call again."""
    for scope_type in scope_types:
        register_scope_type(scope_type)
    for entry in fields:
        register_field(entry)


def scope_types() -> Mapping[str, ScopeType]:
    """All registered scope types by name."""
    return MappingProxyType(_scope_types)


def fields() -> Mapping[str, AuthorizationDetailsField]:
    """All registered authorization details fields by id, in the order of registration."""
    return MappingProxyType(_fields)
