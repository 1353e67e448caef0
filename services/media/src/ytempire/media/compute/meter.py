"""Measuring what a stage uses: processor time of this process and of the children it has waited for."""

from __future__ import annotations

import resource
import time
from datetime import date
from types import TracebackType
from typing import Self

from ytempire.media.compute.rates import ComputeCost, Usage, price

_KIB = 1024


def _cpu_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def _peak_bytes() -> int:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(u.ru_maxrss for u in used) * _KIB


class ComputeMeter:
    """Measures a ``with`` block. Meant for a stage that runs as a process of its own.

    The operating system counts per process, so in a process that does several things at once the figure covers all
    of them. Children count once they have ended and been waited for.
    """

    def __init__(self, *, gpu: bool = False) -> None:
        self._gpu = gpu
        self._cpu = 0.0
        self._wall = 0.0
        self.usage = Usage()
        """Zero until the block has ended."""

    def __enter__(self) -> Self:
        self._cpu, self._wall = _cpu_s(), time.monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.usage = self.so_far()

    def so_far(self) -> Usage:
        """Return the usage since the block began, while it still runs."""
        wall_ms = round((time.monotonic() - self._wall) * 1000)
        return Usage(
            cpu_ms=round((_cpu_s() - self._cpu) * 1000),
            gpu_ms=wall_ms if self._gpu else 0,
            wall_ms=wall_ms,
            peak_rss_bytes=_peak_bytes(),
        )

    def cost(self, day: date) -> ComputeCost:
        """Return the price of the block by the packaged rates of ``day``."""
        return price(self.usage, day)
