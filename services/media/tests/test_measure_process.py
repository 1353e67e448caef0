"""Child processes: they end with their parent, and what they say reaches the error."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ytempire.media.process import ToolFailed, replace_atomically, run_ffmpeg

PARENT = """
import sys, time
from ytempire.media.process import popen
print(popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""


def test_a_child_ends_with_its_killed_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert psutil.pid_exists(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until = time.monotonic() + 5
    while time.monotonic() < until and _lives(child):
        time.sleep(0.02)
    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_failing_tool_says_why(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="No such file or directory"):
        run_ffmpeg(["-i", tmp_path / "none.wav", "-f", "null", "-"])


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.json"
    replace_atomically(target, b"1")
    replace_atomically(target, b"2")
    assert target.read_bytes() == b"2"
    assert [p.name for p in target.parent.iterdir()] == ["a.json"]
