"""Answers against the JSON Schemas of the specifications in tests/spec."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parent.parent / "spec" / "schemas"


@cache
def _registry() -> Any:
    return Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema))
        for schema in (json.loads(path.read_text()) for path in SCHEMAS.glob("*.json"))
    )


def problems(name: str, value: object) -> list[str]:
    """Return what of a value breaks the schema of an object; empty when all is well."""
    validator = Draft202012Validator(
        {"$ref": f"https://cds.invalid/schemas/{name}.schema.json"},
        registry=_registry(),
        format_checker=FormatChecker(),
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
