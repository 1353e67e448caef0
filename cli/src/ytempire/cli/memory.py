"""Memory by process: proportional set size, in which shared pages are divided among those who share them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psutil


def _pss_kb(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _family(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return [pid]


def pss_mb(pids: Mapping[str, int]) -> dict[str, float]:
    """PSS in MiB by name, each process with all its descendants that are not named themselves.

    A process that is gone, or whose memory this user may not read, counts 0.
    """
    named = set(pids.values())
    result: dict[str, float] = {}
    for name, pid in pids.items():
        own = [pid, *(member for member in _family(pid)[1:] if not _belongs_to_other(member, pid, named))]
        result[name] = round(sum(_pss_kb(member) for member in own) / 1024, 1)
    return result


def _belongs_to_other(member: int, root: int, named: set[int]) -> bool:
    """Whether `member` is, or descends below `root` from, another named process."""
    try:
        lineage = [member, *(parent.pid for parent in psutil.Process(member).parents())]
    except psutil.Error:
        return False
    for pid in lineage:
        if pid == root:
            return False
        if pid in named:
            return True
    return False
