"""The browser libraries are exactly the pinned releases, and the pages load exactly those."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

from portal import vendoring
from portal.staticfiles import HashedStaticFiles

PINS = vendoring.pinned_versions()


def test_every_pin_has_its_list_of_files() -> None:
    """A library added to package.json alone would silently not be copied."""
    assert set(PINS) == set(vendoring.FILES)


@pytest.mark.parametrize(("name", "version"), PINS.items())
def test_pins_are_exact_releases(name: str, version: str) -> None:
    """A range would make two runs of the command differ."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", version), name


@pytest.mark.parametrize(("name", "version"), PINS.items())
def test_vendored_files_are_unchanged(name: str, version: str) -> None:
    """An edited library would be lost at the next upgrade and is not what its licence names."""
    folder = vendoring.folder_of(name, version)

    recorded = (folder / vendoring.CHECKSUMS).read_text().splitlines()

    assert vendoring.checksum_lines(folder) == recorded
    assert {path.name for path in folder.iterdir()} == {
        vendoring.CHECKSUMS,
        *(Path(path).name for path in vendoring.FILES[name]),
    }


def test_no_folder_of_an_old_release_is_left() -> None:
    """Two releases side by side would let pages drift apart."""
    expected = {vendoring.folder_of(name, version).name for name, version in PINS.items()}
    assert {path.name for path in vendoring.VENDOR.iterdir()} == expected


def test_templates_load_files_that_exist() -> None:
    """After an upgrade a page must not ask for the former release."""
    root = vendoring.ROOT
    pattern = re.compile(r"{% static '(portal/[^']+)' %}")
    found = {
        match
        for template in (root / "templates").rglob("*.html")
        for match in pattern.findall(template.read_text())
    }
    assert found
    missing = {path for path in found if not (root / "portal" / "static" / path).is_file()}
    assert missing == set()


def test_all_files_are_collected_under_hashed_names(tmp_path: Path) -> None:
    """The libraries name source maps that are not shipped; collecting must not fail on them."""
    source = vendoring.ROOT / "portal" / "static"
    storage = HashedStaticFiles(location=str(tmp_path), base_url=settings.STATIC_URL)
    paths = {}
    for path in source.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(source))
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            paths[name] = (storage, name)

    # WhiteNoise's own step would also compress every file, which this test does not need.
    results = list(ManifestStaticFilesStorage.post_process(storage, paths))

    assert [error for _, _, error in results if isinstance(error, Exception)] == []
    assert {name for name, _, _ in results} >= {"portal/theme.css", "portal/focus.js"}
