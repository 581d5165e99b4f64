"""Which stored readings the offered scopes can open."""

from collections.abc import Iterable

from consent.catalogue.access import VALUE_TYPES
from customerdata.usage_values.formats import FormatError
from customerdata.usage_values.wire import SegmentFormat, choice_format
from registration.services.catalogue.offers import current_offers


def not_offered(formats: Iterable[SegmentFormat]) -> list[SegmentFormat]:
    """Return the formats that no choice of any offered scope names (CDS-WG3-01 7.2.8.1)."""
    offered = _offered_keys()
    return [entry for entry in formats if entry.choice_key not in offered]


def _offered_keys() -> set[str]:
    keys = set()
    for offer in current_offers().values():
        for entry in offer.fields:
            for choice in entry.choices if entry.id == VALUE_TYPES else ():
                try:
                    keys.add(choice_format(choice.usagesegment_format or {}).choice_key)
                except FormatError:
                    # The utility's own value type, which cannot be imported.
                    continue
    return keys
