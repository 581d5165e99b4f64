"""CDS-WG3-01 4, 6, 7, 11.1 to 11.3: scopes and authorization details fields for customer data.

`scopes` and `direct_scopes` declare the scope types, `preselections`, `includes` and `options` the
fields, `details` turns requests into checked values, `access` says what a granted entry opens.
"""

from consent.catalogue import direct_scopes, includes, options, preselections, scopes
from registration.catalogue.types import register_entries

SCOPE_TYPES = (*scopes.SCOPE_TYPES, *direct_scopes.SCOPE_TYPES)
FIELDS = (*preselections.FIELDS, *includes.FIELDS, *options.FIELDS)


def register() -> None:
    """Register these entries."""
    register_entries(SCOPE_TYPES, FIELDS)
