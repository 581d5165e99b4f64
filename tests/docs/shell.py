"""Runs the shell blocks of a document in one shell, as a reader pastes them one by one."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

_DONE = "-- end of block --"


def shell_blocks(markdown: str) -> list[str]:
    """Return the fenced `sh` blocks of a Markdown text, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


class Shell:
    """One bash that stops at the first command that fails."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["bash", "-euo", "pipefail"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> "Shell":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def paste(self, block: str) -> str:
        """Run a block and return what it printed; fails when a command of it fails."""
        stdin, stdout = _open(self._process.stdin), _open(self._process.stdout)
        stdin.write(f"{block}\necho '{_DONE}'\n")
        stdin.flush()
        printed = "".join(_until_done(stdout))
        assert self._process.poll() is None, f"{block}\nprinted:\n{printed}"
        return printed

    def value(self, name: str) -> str:
        """Return a variable of the shell."""
        return self.paste(f'echo "${{{name}}}"').strip()


@contextmanager
def bash(folder: Path) -> Iterator[Shell]:
    """Give a shell in a folder; it ends with the block."""
    with Shell(folder) as shell:
        yield shell


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _until_done(lines: IO[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() == _DONE:
            return
        yield line
    raise AssertionError("The shell ended early: a command of the block failed.")
