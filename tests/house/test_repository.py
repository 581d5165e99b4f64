"""The repository keeps what the README promises."""

import ast
import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from portal import settings  # noqa: F401 -- importing it declares the variables
from portal.env import VARIABLES

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    """Return the files that git knows or would add."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_env_example_names_exactly_the_variables_that_settings_read():
    """An operator copies this file; a missing line is a missing feature."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", text, re.M))
    assert named == set(VARIABLES)


def test_lock_files_name_no_registry_and_carry_hashes():
    """Where packages come from is the installer's configuration, not ours."""
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert locks
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", text), lock


def test_every_dependency_says_what_it_is_for():
    """A dependency nobody can explain is removed."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("dependencies = [", 1)[1].split("[tool.", 1)[0]
    lines = [line for line in block.splitlines() if line.startswith('  "')]
    assert lines
    assert [line for line in lines if "==" not in line or "#" not in line] == []


def test_lock_files_are_installed_as_they_are():
    """Else pip resolves them anew, and stops as soon as the index has something newer."""
    install = re.compile(r"^.*pip[^\n|]*\binstall\b.*$", re.MULTILINE | re.IGNORECASE)
    documents = [
        path for path in tracked() if path.suffix in {".md", ""} or path.parent.name == ".ci"
    ]
    lines = [
        line
        for path in documents
        for line in install.findall(path.read_text(encoding="utf-8"))
        if ".lock" in line or "PIP_INSTALL :=" in line
    ]
    assert len(lines) >= 2, "the Makefile and the operator guide install packages"
    assert [
        line for line in lines if "--no-deps" not in line or "--require-hashes" not in line
    ] == []


# Programs that are run, not imported.
_PROGRAMS = {"granian"}


def _imported() -> set[str]:
    """Return the top-level names that the product imports, or names in its settings."""
    found: set[str] = set()
    for app in ("portal", "registration", "consent", "customerdata"):
        for file in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {each.name.partition(".")[0] for each in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module.partition(".")[0])
                elif file.name == "settings.py" and isinstance(node, ast.Constant):
                    found.add(str(node.value).partition(".")[0])
                elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
                    found |= {str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)}
    return found


def test_the_product_imports_each_of_its_dependencies():
    """What only tests need is in the extra `dev`; what nothing needs is nowhere."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[\[=]", each)[0] for each in project["dependencies"]}
    packages = packages_distributions()
    given = {each.lower() for name in _imported() for each in packages.get(name, [])}
    assert names - given - _PROGRAMS == set()
