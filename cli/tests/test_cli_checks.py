"""Each thing a person can put right is one sentence that says what to do, and exit code 2."""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ytempire.cli.checks import explain, prepare_var
from ytempire.cli.plan import choose_ports, gateway_port
from ytempire.cli.ports import free_ports, is_free
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.state import hold_lock, running_pid


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "ytempire.cli", *arguments], capture_output=True, text=True)
    return done.returncode, done.stderr.strip()


@pytest.fixture
def taken_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port(tmp_path: Path, taken_port: int) -> None:
    code, message = run("up", "--var", str(tmp_path), "--port", str(taken_port))
    assert (code, message) == (
        2,
        f"ytempire: Port {taken_port} is taken by another program: stop it, or choose another with --port.",
    )


def test_a_taken_port_in_the_background(tmp_path: Path, taken_port: int) -> None:
    code, message = run("up", "--detach", "--var", str(tmp_path), "--port", str(taken_port))
    assert code == 2
    assert message.startswith(f"ytempire: Port {taken_port} is taken")


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    code, message = run("up", "--var", str(tmp_path / "var"))
    assert code == 2
    assert message.endswith("is in the way, as it is no folder: move it, or use another one with --var.")
    assert "\n" not in message


def test_a_folder_that_runs_already(tmp_path: Path) -> None:
    prepare_var(tmp_path)
    with hold_lock(tmp_path):
        assert running_pid(tmp_path) == os.getpid()
        code, message = run("up", "--var", str(tmp_path))
        assert code == 2
        assert message.startswith(f"ytempire: YTEMPIRE already runs on {tmp_path} (process {os.getpid()})")
    assert running_pid(tmp_path) is None


def test_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(PlatformProblem, match=r"has only \d+ MB free and \d+ MB are needed: free some space"):
        prepare_var(tmp_path, needed_bytes=10**18)
    with pytest.raises(OSError, match="No space") as caught, Path("/dev/full").open("w") as full:
        full.write("x" * 100_000)
    assert str(explain(caught.value, tmp_path)).startswith(f"The disk that holds {tmp_path} is full")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "may not be written by this user: choose another folder"),
        (errno.EROFS, "may not be written by this user"),
        (errno.ENAMETOOLONG, "is too long for this system"),
        (errno.EIO, "cannot be used: Input/output error."),
    ],
)
def test_other_errors_of_the_system(number: int, words: str) -> None:
    assert words in str(explain(OSError(number, os.strerror(number)), Path("/srv/var")))


def test_a_path_longer_than_the_system_allows(tmp_path: Path) -> None:
    with pytest.raises(PlatformProblem, match="too long for this system: choose a shorter one"):
        prepare_var(tmp_path / ("d" * 300))


def test_an_old_python() -> None:
    program = "import sys; sys.version_info = (3, 9, 1, 'final', 0); import ytempire.cli"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "ytempire: this is Python 3.9.1; make the environment with Python 3.11 or newer.\n"


def test_ports_stay_the_same_while_they_are_free(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    names = ("postgres", "nats", "sandbox")
    first = choose_ports(tmp_path, names)
    assert len(set(first.values())) == 3
    assert choose_ports(tmp_path, names) == first
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first["nats"]))
        listener.listen()
        assert not is_free(first["nats"])
        second = choose_ports(tmp_path, names)
    assert second["nats"] != first["nats"]
    assert second["postgres"] == first["postgres"]


def test_port_zero_is_any_free_one() -> None:
    assert is_free(gateway_port(0))
    assert len(set(free_ports(20))) == 20


def test_nothing_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ytempire.cli", "down", "--var", str(tmp_path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"No platform runs on {tmp_path}.\n")
    done = subprocess.run(
        [sys.executable, "-m", "ytempire.cli", "status", "--var", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 3


def test_logs_of_an_unknown_process(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "media.log").write_text("one\ntwo\n")
    code, message = run("logs", "medai", "--var", str(tmp_path))
    assert code == 2
    assert message.endswith("there are: media.")


def test_doctor_names_what_is_bad(tmp_path: Path, taken_port: int) -> None:
    command = [sys.executable, "-m", "ytempire.cli", "doctor", "--var", str(tmp_path), "--port", str(taken_port)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    lines = {line.split()[1]: line.split()[0] for line in done.stdout.splitlines()}
    assert lines["port"] == "BAD"
    assert {lines[name] for name in ("python", "folder", "postgres", "nats", "account")} == {"ok"}
