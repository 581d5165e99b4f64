"""Copy the browser libraries and fonts pinned in package.json into the static files, unchanged.

Run as ``python -m portal.vendoring`` (``make vendor``). It needs npm; the running portal does not.
Every library gets a folder named after its version, so that an upgrade never mixes two releases
and a browser never gets an old file under a new name.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "portal" / "static" / "portal" / "vendor"
CHECKSUMS = "SHA256SUMS"

# Only what a page or a PDF form loads. Source maps are left out: they are larger than the code
# they describe.
FILES: Mapping[str, tuple[str, ...]] = {
    "bootstrap": (
        "LICENSE",
        "dist/css/bootstrap.min.css",
        "dist/js/bootstrap.bundle.min.js",
    ),
    "dejavu-fonts-ttf": ("LICENSE", "ttf/DejaVuSans.ttf"),
    "htmx.org": ("LICENSE", "dist/htmx.min.js"),
}


def pinned_versions(*, manifest: Path = ROOT / "package.json") -> dict[str, str]:
    """Return the exact version of each library by its npm name, as package.json pins it."""
    pins: dict[str, str] = json.loads(manifest.read_text())["dependencies"]
    return pins


def folder_of(name: str, version: str) -> Path:
    """Return the folder that holds one release of one library."""
    return VENDOR / f"{name.removesuffix('.org')}-{version}"


def vendored_file(name: str, file: str) -> Path:
    """Return the path of a file in the pinned release of a library."""
    return folder_of(name, pinned_versions()[name]) / file


def checksum_lines(folder: Path) -> list[str]:
    """Return one ``<sha256>  <file name>`` line for each file of a folder, sorted by name."""
    files = sorted(path for path in folder.iterdir() if path.name != CHECKSUMS)
    return [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files]


def vendor(*, name: str, version: str) -> Path:
    """Fetch one release with ``npm pack``, copy its listed files and record their checksums.

    Raises CalledProcessError when npm fails and KeyError when the release lacks a listed file.
    """
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(  # noqa: S603 -- the arguments come from our own package.json
            ["npm", "pack", "--silent", f"{name}@{version}"],  # noqa: S607 -- wherever npm lives
            cwd=scratch,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(scratch).glob("*.tgz")
        folder = folder_of(name, version)
        for old in VENDOR.glob(f"{name.removesuffix('.org')}-*"):
            shutil.rmtree(old)
        folder.mkdir(parents=True)
        with tarfile.open(archive) as packed:
            for path in FILES[name]:
                member = packed.extractfile(f"package/{path}")
                if member is None:
                    raise KeyError(path)
                (folder / Path(path).name).write_bytes(member.read())
    (folder / CHECKSUMS).write_text("\n".join(checksum_lines(folder)) + "\n")
    return folder


def main() -> None:
    """Vendor every pinned library and print what was written."""
    for name, version in pinned_versions().items():
        folder = vendor(name=name, version=version)
        sys.stdout.write(f"{name} {version} -> {folder.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
