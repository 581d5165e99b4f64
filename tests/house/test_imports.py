"""Apps import downward only: customerdata -> consent -> registration -> portal."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ["portal", "registration", "consent", "customerdata"]
# The root URLconf assembles the apps; the settings name them as strings.
EXEMPT = {ROOT / "portal" / "urls.py"}


def imported_modules(file: Path) -> set[str]:
    """Return the absolute names of everything a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("layer", LAYERS)
def test_layer_imports_nothing_from_above(layer):
    """An upper app plugs in through registries; a lower one never knows it."""
    above = set(LAYERS[LAYERS.index(layer) + 1 :])
    found = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / layer).rglob("*.py")
        if file not in EXEMPT
        for name in imported_modules(file)
        if name.split(".")[0] in above
    ]
    assert found == []


def test_product_imports_no_tests():
    """Tests are not shipped."""
    found = [
        str(file.relative_to(ROOT))
        for layer in LAYERS
        for file in (ROOT / layer).rglob("*.py")
        if any(name.split(".")[0] == "tests" for name in imported_modules(file))
    ]
    assert found == []


def test_only_launchers_and_env_read_the_environment():
    """`portal/env.py` documents every variable; nobody reads around it."""
    allowed = {"portal/env.py", "portal/wsgi.py", "portal/celery.py"}
    found = []
    for layer in LAYERS:
        for file in (ROOT / layer).rglob("*.py"):
            name = str(file.relative_to(ROOT))
            if name in allowed or name.startswith("embedded/"):
                continue
            text = file.read_text(encoding="utf-8")
            if "os.environ" in text or "os.getenv" in text:
                found.append(name)
    assert found == []
