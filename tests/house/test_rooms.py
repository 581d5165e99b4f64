"""Folders are rooms: each names its chapter, none imports in a circle, and none is a hall."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.conformance.inventory import sections
from tests.house import rooms

# What stands in each services/ folder, from the ground up: a package imports only those before it.
SERVICES = {
    "registration": (
        "locks",
        "storage",
        "catalogue",
        "metadata",
        "messages",
        "credentials",
        "clients",
        "reviews",
        "onboarding",
        "payments",
        "registering",
        "files",
    ),
    "consent": ("tokens", "grants", "sections", "receipts", "authorization"),
}
MAX_SERVICES = 8
# A path that deployments name in their settings; nothing else imports it.
DOORS = {"registration.services.payments_stripe"}


@pytest.mark.parametrize("folder", sorted(rooms.sibling_imports()))
def test_neighbors_do_not_import_each_other_in_a_circle(folder):
    """Files and folders of one folder can be read in an order."""
    children: Mapping[str, frozenset[str]] = rooms.sibling_imports()[folder]
    try:
        TopologicalSorter(children).prepare()
    except CycleError as circle:
        pytest.fail(f"{folder}: {' -> '.join(circle.args[1])}")


@pytest.mark.parametrize("app", sorted(SERVICES))
def test_service_packages_import_downward(app):
    """The order is the table of contents: whoever reads from the top meets nothing unknown."""
    order, base = SERVICES[app], f"{app}.services"
    inside = [name for name in rooms.modules() if name.startswith(f"{base}.")]
    unknown = {name for name in inside if name.split(".")[2] not in order} - DOORS
    assert unknown == set(), "give it a place in the order"
    found = [
        f"{name} imports {target}"
        for name in inside
        if name not in DOORS
        for target in rooms.imports()[name]
        if target.startswith(f"{base}.")
        and order.index(target.split(".")[2]) > order.index(name.split(".")[2])
    ]
    assert found == []


def test_no_services_folder_is_a_hall():
    """Past eight modules nobody guesses in which one a rule stands."""
    sizes: dict[str, int] = {}
    for name, file in rooms.modules().items():
        folder, _, _ = name.rpartition(".")
        if "services" in folder.split(".") and file.name != "__init__.py" and name not in DOORS:
            sizes[folder] = sizes.get(folder, 0) + 1
    assert {folder: size for folder, size in sizes.items() if size > MAX_SERVICES} == {}


def test_every_package_names_its_chapter():
    """A newcomer finds the room of a rule by its section."""
    named = {room.path for room in rooms.rooms()}
    missing = [
        name
        for name in rooms.packages()
        if f"{name.replace('.', '/')}/" not in named
        and not name.startswith("portal.")
        and not rooms.first_line(name).startswith("No chapter of the standard: ")
    ]
    assert missing == []
    assert [name for name in rooms.packages() if not rooms.first_line(name)] == []


def test_every_section_is_at_home_in_one_room():
    """One guess is enough: no section with rules is missing, and none has two homes."""
    found = {
        f"{section.document} {section.number}": rooms.homes(section.document, section.number)
        for section in sections()
        if section.rules
    }
    assert {number: paths for number, paths in found.items() if len(paths) != 1} == {}


def test_contributing_has_the_table():
    """The table is printed by `python -m tests.house.rooms`."""
    text = (rooms.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert rooms.table() in text
