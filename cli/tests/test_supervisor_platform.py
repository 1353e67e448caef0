"""The platform's servers and sandbox as a person runs them, in a folder with a space."""

import json
import os
import signal
import ssl
import stat
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats
import psutil
import psycopg
import pytest

from ytempire.cli import detached
from ytempire.cli.commands.status import live_memory
from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.embedded.provision import SERVICES, password_file, provision
from ytempire.cli.keys import SEALED_RECEIVERS
from ytempire.cli.state import read_state, running_pid
from ytempire.cli.testing import temporary_var

PROGRAM = """
    import sys
    from pathlib import Path
    from ytempire.cli.logs import Console
    from ytempire.cli.plan import UpOptions
    from ytempire.cli.platform import PlatformRun
    PlatformRun(UpOptions(Path(sys.argv[1]), port=0, services=()), Console()).run()
"""


def start(var: Path) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(var)], stdout=subprocess.PIPE, text=True
    )
    return process, wait_for_state(var, process, lambda state: state["phase"] == "ready")


def wait_for_state(var: Path, process: subprocess.Popen[str], wanted: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        state = read_state(var)
        if state and state["pid"] == process.pid and wanted(state):
            return state
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    pytest.fail(f"not in 120 s: {read_state(var)}")


@pytest.fixture(scope="module")
def platform() -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    with temporary_var("a person") as var:
        process, _ = start(var)
        yield var, process
        process.terminate()
        process.communicate()


@pytest.fixture
def var() -> Iterator[Path]:
    with temporary_var() as folder:
        yield folder


def test_what_runs_is_written_down(platform: tuple[Path, subprocess.Popen[str]]) -> None:
    var, process = platform
    state = read_state(var)
    assert state is not None
    assert running_pid(var) == process.pid == state["pid"]
    assert {entry["state"] for entry in state["processes"].values()} == {"ready"}
    memory = live_memory(state)
    assert set(memory) == {"supervisor", "postgres", "nats", "sandbox"}
    assert sum(memory.values()) < 400
    secrets = [file.read_text().strip() for file in (var / "secrets").iterdir() if file.name.endswith("password")]
    assert not [secret for secret in secrets if secret in json.dumps(state)]


def test_every_secret_is_its_owners_alone(platform: tuple[Path, subprocess.Popen[str]]) -> None:
    var, _ = platform
    assert stat.S_IMODE((var / "secrets").stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (var / "secrets").iterdir()}
    public = {name for name, mode in modes.items() if mode != 0o600}
    assert public == {f"{s}.seal.pub" for s in SEALED_RECEIVERS} | {f"{s}.audit.pub" for s in SERVICES}


def test_the_merged_authorities_are_trusted(platform: tuple[Path, subprocess.Popen[str]]) -> None:
    state = read_state(platform[0])
    assert state is not None
    context = ssl.create_default_context(cafile=state["ca_bundle"])
    assert len(context.get_ca_certs()) > 20
    with urllib.request.urlopen(f"{state['urls']['sandbox']}control/clock", context=context) as answer:
        assert answer.status == 200


def test_a_second_start_on_the_same_folder_is_refused(platform: tuple[Path, subprocess.Popen[str]]) -> None:
    var, process = platform
    command = [sys.executable, "-m", "ytempire.cli", "up", "--var", str(var), "--port", "0"]
    second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode == 2
    assert second.stderr.startswith(f"ytempire: YTEMPIRE already runs on {var} (process {process.pid})")


@pytest.mark.parametrize("name", ["postgres", "nats", "sandbox"])
def test_what_is_killed_comes_back_at_the_same_address(platform: tuple[Path, subprocess.Popen[str]], name: str) -> None:
    var, process = platform
    before = read_state(var)
    assert before is not None
    restarts = before["processes"][name]["restarts"] + 1
    os.kill(before["processes"][name]["pid"], signal.SIGKILL)

    def back(state: dict[str, Any]) -> bool:
        return state["processes"][name]["restarts"] == restarts and state["processes"][name]["state"] == "ready"

    after = wait_for_state(var, process, back)
    assert after["ports"] == before["ports"]
    assert after["postgres_socket_dir"] == before["postgres_socket_dir"]


async def test_streams_in_memory_are_made_again_after_nats_was_killed(
    platform: tuple[Path, subprocess.Popen[str]],
) -> None:
    var, process = platform
    state = read_state(var)
    assert state is not None
    before = state["processes"]["nats"]["restarts"]
    os.kill(state["processes"]["nats"]["pid"], signal.SIGKILL)

    def back(state: dict[str, Any]) -> bool:
        return state["processes"]["nats"]["restarts"] == before + 1 and state["processes"]["nats"]["state"] == "ready"

    wait_for_state(var, process, back)
    password = (var / "secrets" / "nats.admin.password").read_text().strip()
    client = await nats.connect(f"nats://127.0.0.1:{state['ports']['nats']}", user="admin", password=password)
    info = await client.jetstream().stream_info("SIGNALS")
    assert info.config.storage == "memory"
    await client.close()


def test_it_stops_cleanly_and_starts_again_where_it_was(var: Path) -> None:
    process, first = start(var)
    pids = [entry["pid"] for entry in first["processes"].values()]
    began = time.monotonic()
    assert detached.stop(var)
    assert time.monotonic() - began < 10
    output = process.communicate()[0]
    assert process.returncode == 0
    assert "ready after" in output
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert running_pid(var) is None
    assert not detached.stop(var)

    process, second = start(var)
    try:
        same = ("postgres", "nats", "sandbox", "sandbox_smtp")
        assert {name: second["ports"][name] for name in same} == {name: first["ports"][name] for name in same}
        assert "data was made" not in (var / "log" / "platform.log").read_text().split("ready after", 1)[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0


def test_after_the_supervisor_was_killed_it_starts_again(var: Path) -> None:
    process, state = start(var)
    process.kill()
    process.communicate()
    process, again = start(var)
    process.terminate()
    process.communicate()
    assert {e["pid"] for e in state["processes"].values()}.isdisjoint(e["pid"] for e in again["processes"].values())


def test_every_service_can_log_in_to_its_own_database_only(pg_server: PostgresServer) -> None:
    secrets_dir = pg_server.superuser_password_file.parent
    provision(pg_server.connect, secrets_dir)
    for service in SERVICES:
        password = password_file(secrets_dir, service).read_text().strip()
        psycopg.connect(pg_server.url(service, service), password=password).close()
        other = next(name for name in SERVICES if name != service)
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(pg_server.url(service, other), password=password)
