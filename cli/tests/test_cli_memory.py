import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from ytempire.cli.memory import pss_mb

CHILD = "import time; data = bytearray(b'x' * 60_000_000); print('fed', flush=True); time.sleep(60)"
PARENT = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-S', '-c', {CHILD!r}]); time.sleep(60)"


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A small process with one big child: their pids."""
    parent = subprocess.Popen([sys.executable, "-S", "-c", PARENT], stdout=subprocess.PIPE, start_new_session=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"fed\n"
    yield parent.pid, psutil.Process(parent.pid).children()[0].pid
    os.killpg(parent.pid, signal.SIGKILL)
    parent.wait()


def test_own_memory_is_counted_and_the_dead_count_nothing() -> None:
    memory = pss_mb({"me": os.getpid(), "gone": 2**22 - 3})
    assert memory["me"] > 5
    assert memory["gone"] == 0.0


def test_children_count_to_their_parent_unless_named_themselves(family: tuple[int, int]) -> None:
    parent, child = family
    assert pss_mb({"parent": parent})["parent"] > 57
    apart = pss_mb({"parent": parent, "child": child})
    assert apart["child"] > 57
    assert apart["parent"] < 20
