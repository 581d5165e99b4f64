"""A rule is checked on the row as it is under its lock, never on the copy that somebody handed in.

Between a look at a row and its lock another transaction may change it: a declined form once handed
out the answer of an approval. So of what a function locks, it uses the locked instance alone.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.house.test_code_rules import trees

LOCKS = {
    "lock_client",
    "lock_grant",
    "lock_message",
    "lock_requirement",
    "lock_subject",
    "note_new_child",
    "_lock",
    "_locked",
}
# What never changes, and so needs no lock.
FIXED = {"pk", "client_id", "registration_id", "user_id"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(function: Function) -> set[str]:
    """Return the names under which a function was handed something."""
    arguments = function.args
    return {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


def locked_by(call: ast.Call) -> str:
    """Return the name of the instance whose row a call locks, "" for other calls."""
    if isinstance(call.func, ast.Name) and call.func.id in LOCKS and call.args:
        return call.args[0].id if isinstance(call.args[0], ast.Name) else ""
    if "select_for_update(" not in ast.unparse(call.func):
        return ""
    names = [
        keyword.value.value.id
        for keyword in call.keywords
        if keyword.arg == "pk"
        and isinstance(keyword.value, ast.Attribute)
        and keyword.value.attr == "pk"
        and isinstance(keyword.value.value, ast.Name)
    ]
    return names[0] if names else ""


def old_copies(function: Function) -> Iterator[str]:
    """Yield where a function uses an instance beside the lock of its row."""
    handed = parameters(function)
    for statement in ast.walk(function):
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        calls = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
        names = {locked_by(call) for call in calls} & handed
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        renamed = {target.id for target in targets if isinstance(target, ast.Name)}
        for name in names:
            for line in uses(function, name, statement, is_replaced=name in renamed):
                yield f"{function.name}:{line} {name}"


def uses(function: Function, name: str, lock: ast.stmt, *, is_replaced: bool) -> Iterator[int]:
    """Yield the lines that read the instance before the lock, or after it under its old name."""
    inside = set(map(id, ast.walk(lock)))
    fixed = {
        id(node.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr in FIXED
    }
    fixed |= {
        id(node.left)
        for node in ast.walk(function)
        if isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "None"
    }
    for node in ast.walk(function):
        is_read = isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        if is_read and id(node) not in inside | fixed:
            assert isinstance(node, ast.Name)
            if node.lineno < lock.lineno or not is_replaced:
                yield node.lineno


def functions(tree: ast.Module) -> Iterator[Function]:
    """Yield every function and method."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


# Where the copy of the caller has to be looked at or kept in step, and why that is right.
_ANSWER = "consent/services/authorization/answer.py"
ALLOWED = {
    f"{_ANSWER} answer_with_code request": "keeps the caller's copy in step",
    f"{_ANSWER} answer_with_error request": "keeps the caller's copy in step",
    "consent/services/grants/lifecycle.py lock_grant grant": "asks what is locked first; no change",
    "customerdata/access/compute.py compute_grant grant": "notes the result in the caller's row",
}


def test_what_is_locked_is_what_is_used():
    """Also in services that are handed an instance by a page or an API."""
    found = {
        f"{name} {place.partition(':')[0]} {place.rpartition(' ')[2]}": f"{name}:{place}"
        for name, tree in trees()
        for function in functions(tree)
        for place in old_copies(function)
    }
    assert {key: found[key] for key in found.keys() - ALLOWED.keys()} == {}
    assert ALLOWED.keys() <= found.keys(), "no longer needed"


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        ("row = lock_grant(grant)\n    row.save()", False),
        ("row = lock_grant(grant)\n    grant.save()", True),
        ("if grant.status:\n        return\n    row = lock_grant(grant)", True),
        ("grant = lock_grant(grant)\n    grant.save()", False),
        ("if grant is None:\n        return\n    row = lock_grant(grant)", False),
        ("check(grant)\n    grant = lock_grant(grant)", True),
        ("lock_person(grant.user_id)\n    row = lock_grant(grant)", False),
        ("row = G.objects.select_for_update().get(pk=grant.pk)\n    grant.save()", True),
        ("row = G.objects.get(pk=grant.pk)\n    grant.save()", False),
    ],
)
def test_the_rule_itself(body, is_found):
    """It sees both halves of the shape, and nothing else."""
    (function,) = functions(ast.parse(f"def change(*, grant):\n    {body}\n"))
    assert bool(list(old_copies(function))) == is_found
