"""Rate limits small enough to reach."""

from typing import Any


def rates(settings: Any, **changed: str) -> None:
    """Set some of the configured rates by name, such as `register="1/min"`."""
    known = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | changed
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": known}
