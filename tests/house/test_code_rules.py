"""House rules that a reader could forget, checked on the syntax tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ["portal", "registration", "consent", "customerdata"]
MAX_LINES = 500


def product_files() -> Iterator[Path]:
    """Yield the hand-written Python files of the product."""
    for app in APPS:
        for file in (ROOT / app).rglob("*.py"):
            if "migrations" not in file.parts:
                yield file


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Yield each file's name and syntax tree."""
    for file in product_files():
        yield str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))


def calls(tree: ast.Module, names: set[str]) -> list[int]:
    """Return the lines where a method of one of these names is called."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
    ]


def test_work_is_queued_through_the_outbox_only():
    """A direct `.delay` is lost when the transaction rolls back or the broker is down."""
    found = [
        f"{name}:{line}"
        for name, tree in trees()
        if name != "portal/background/outbox.py"
        for line in calls(tree, {"delay", "apply_async", "delay_on_commit"})
    ]
    assert found == []


def test_serializers_list_their_fields():
    """`__all__` publishes tomorrow's column."""
    found = [
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == "__all__"
    ]
    assert found == []


def test_models_have_no_logic_in_save_and_no_signals():
    """Writes are services; a `save` override or a signal would be a second, hidden door."""
    found = []
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name == "save" and "/models/" in name:
                found.append(f"{name}:{node.lineno} save()")
            if isinstance(node, ast.ImportFrom) and node.module == "django.dispatch":
                found.append(f"{name}:{node.lineno} signal")
    assert found == []


def _is_atomic(item: ast.withitem) -> bool:
    return "atomic" in ast.unparse(item.context_expr)


def test_database_errors_are_not_caught_inside_atomic():
    """After a database error the transaction is broken; catch it outside the block."""
    found = []
    for name, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.With) or not any(map(_is_atomic, node.items)):
                continue
            found += [
                f"{name}:{handler.lineno}"
                for inner in ast.walk(node)
                if isinstance(inner, ast.Try)
                and not any(
                    isinstance(x, ast.With) and any(map(_is_atomic, x.items)) for x in inner.body
                )
                for handler in inner.handlers
                if handler.type is not None and "IntegrityError" in ast.unparse(handler.type)
            ]
    assert found == []


def test_files_stay_readable():
    """A file past 500 lines has two subjects."""
    long = {
        str(file.relative_to(ROOT)): count
        for file in product_files()
        if (count := len(file.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_money_and_energy_are_never_floats():
    """Models hold decimals or scaled integers."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "FloatField"
    ]
    assert found == []


def test_rows_of_a_party_are_locked_in_one_place():
    """registration/services/locks.py keeps the one order; another order is a deadlock some day."""
    locks = re.compile(r"\b(Registration|Client|Message|Requirement)\.objects\.select_for_update\(")
    found = [
        str(file.relative_to(ROOT))
        for file in product_files()
        if locks.search(file.read_text(encoding="utf-8"))
    ]
    assert found == ["registration/services/locks.py"]


_PRIVATE = {"allauth": "portal/sign_in/allauth_private.py", "csp": "portal/http/headers.py"}


def _private_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield library and line wherever something is used that a library keeps to itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("allauth."):
            names = [each.name for each in node.names] + (node.module or "").split(".")
            if any(name == "internal" or name.startswith("_") for name in names):
                yield "allauth", node.lineno
        if isinstance(node, ast.Attribute) and node.attr.startswith("_csp_"):
            yield "csp", node.lineno


def test_what_libraries_keep_to_themselves_is_used_in_one_place_each():
    """An upgrade of the library is compared with that one module."""
    found = {
        (library, name): line for name, tree in trees() for library, line in _private_names(tree)
    }
    assert set(found) == set(_PRIVATE.items()), found


def test_a_grant_becomes_stopped_in_one_place():
    """Whoever stops a Grant otherwise forgets the audit row or the Message (CDS-WG1-02 8.2)."""
    stops = re.compile(r"apply_status\([^)]*STOPPED\)")
    found = [
        f"{name}:{node.name}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and stops.search(ast.unparse(node))
    ]
    assert found == ["consent/services/grants/lifecycle.py:stop_data"]
