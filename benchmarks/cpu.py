"""How much processor time a server takes: what other programs do at the same time counts less."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds(pid: int) -> float:
    """Return the processor time of a process and of all below it, in seconds (Linux only)."""
    parents: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        child = int(entry.parent.name)
        parents.setdefault(int(words[1]), []).append(child)
        used[child] = int(words[11]) + int(words[12])
    waiting, total = [pid], 0
    while waiting:
        one = waiting.pop()
        total += used.get(one, 0)
        waiting += parents.get(one, [])
    return total / _TICKS
