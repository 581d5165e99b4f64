"""Runs the shell blocks of a document in one shell, as a reader pastes them one by one."""

import re
import subprocess
from pathlib import Path
from types import TracebackType

_DONE = "-- end of block --"


def shell_blocks(markdown: str) -> list[str]:
    """Return the fenced `sh` blocks of a Markdown text, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


class Shell:
    """One bash in a folder that stops at the first command that fails."""

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
        """Run a block and return what it printed; fails when one of its commands fails."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        # A leading new line: answers of servers end without one.
        stdin.write(f"{block}\necho; echo '{_DONE}'\n")
        stdin.flush()
        lines: list[str] = []
        for line in stdout:
            if line.strip() == _DONE:
                return "".join(lines).strip()
            lines.append(line)
        raise AssertionError(f"A command of this block failed:\n{block}\n{''.join(lines)}")

    def value(self, name: str) -> str:
        """Return a variable of the shell."""
        return self.paste(f'echo "${{{name}}}"')
