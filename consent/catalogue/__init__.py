"""The catalogue entries about customers' data (CDS-WG3-01 6 and 7).

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
