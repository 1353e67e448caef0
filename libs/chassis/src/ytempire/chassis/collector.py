"""How the garbage collector runs in a process that has started."""

from __future__ import annotations

import gc


def start_up_is_over() -> None:
    """What exists now lives as long as the process: the collector need not look at it again, nor often at the rest.

    Without, the slowest hundredth of requests waits for full collections.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
