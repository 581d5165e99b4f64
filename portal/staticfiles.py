"""Static files under hashed names (setting STORAGES)."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


def _without_source_maps(patterns: Any) -> Any:
    """Drop the rules that follow a sourceMappingURL comment."""
    return tuple(
        (
            extension,
            tuple(rule for rule in rules if "sourceMappingURL" not in str(rule)),
        )
        for extension, rules in patterns
    )


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # untyped
    """Compressed files with hashed names.

    Vendored libraries are stored unchanged, so they still name source maps that are not shipped;
    Vendored libraries are stored unchanged, so they still name source maps that are not shipped;
    Django would refuse to collect them.
    """

    patterns = _without_source_maps(CompressedManifestStaticFilesStorage.patterns)
