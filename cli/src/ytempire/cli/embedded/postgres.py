"""One PostgreSQL server from the wheel's programs: initdb, configuration, start, stop.

Log-in is by SCRAM only, on a socket in a private folder and on 127.0.0.1. `fsync` and `synchronous_commit` are on:
what was answered survives a power cut.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from ytempire.cli.embedded.placement import Placement
from ytempire.cli.keys import ensure_secret
from ytempire.cli.ports import LOOPBACK
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.processes import ProcessSpec, RunAs

SUPERUSER = "postgres"

# Small on purpose: eight services on one machine with two cores. Parallel plans and JIT cost memory and start-up time
# and help nothing on tables of this size; `io_method = sync` saves three worker processes.
_CONFIGURATION = """\
# Written by ytempire at every start; changes here are lost.
listen_addresses = '{host}'
port = {port}
unix_socket_directories = '"{socket_dir}"'
unix_socket_permissions = 0700
fsync = on
synchronous_commit = on
full_page_writes = on
max_connections = 120
shared_buffers = 64MB
work_mem = 4MB
maintenance_work_mem = 32MB
temp_buffers = 4MB
max_wal_size = 512MB
max_wal_senders = 4
io_method = sync
jit = off
max_parallel_workers_per_gather = 0
max_worker_processes = 4
autovacuum_max_workers = 2
password_encryption = scram-sha-256
log_destination = stderr
log_line_prefix = ''
log_checkpoints = off
log_min_messages = warning
timezone = UTC
log_timezone = UTC
"""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """The server of one `Placement`, listening on `port` of 127.0.0.1 and on a socket in `placement.socket_dir`."""

    placement: Placement
    port: int
    superuser_password_file: Path

    def initialise(self) -> bool:
        """Run initdb if there is no data yet; returns whether it ran. Raises `PlatformProblem` with initdb's reason."""
        password, _ = ensure_secret(self.superuser_password_file)
        if (self.placement.data / "PG_VERSION").exists():
            return False
        _run_initdb(self.placement, password)
        return True

    def process(self) -> ProcessSpec:
        """How the server is started, watched and stopped (fast shutdown: open transactions are rolled back)."""
        return ProcessSpec(
            name="postgres",
            argv=(str(self.placement.install / "bin" / "postgres"), "-D", str(self.placement.data)),
            env=_environment(),
            ready=self.unready_reason,
            run_as=self.placement.run_as,
            stop_signal=signal.SIGINT,
            ready_seconds=60.0,
            before_start=self.prepare_start,
            worth_showing=_worth_showing,
        )

    def prepare_start(self) -> None:
        """Write the configuration and end a server that a killed supervisor may have left behind."""
        _stop_leftover(self.placement.data)
        socket_dir = str(self.placement.socket_dir).replace("'", "''").replace('"', '""')
        text = _CONFIGURATION.format(host=LOOPBACK, port=self.port, socket_dir=socket_dir)
        _write_as(self.placement.data / "postgresql.auto.conf", text, self.placement.run_as)

    def unready_reason(self) -> str | None:
        """None when the superuser can log in, otherwise why not."""
        try:
            with self.connect("postgres", timeout_s=2):
                return None
        except psycopg.OperationalError as error:
            return str(error).strip().splitlines()[-1][:200]

    def connect(self, database: str, timeout_s: int = 10) -> psycopg.Connection:
        """An autocommit connection as the superuser, for set-up and tests only; services never get it."""
        return psycopg.connect(
            host=str(self.placement.socket_dir),
            port=self.port,
            dbname=database,
            user=SUPERUSER,
            password=self.superuser_password_file.read_text(encoding="utf-8").strip(),
            connect_timeout=timeout_s,
            autocommit=True,
        )

    def url(self, role: str, database: str) -> str:
        """Connection URL through the private socket, without the password."""
        socket_dir = quote(str(self.placement.socket_dir), safe="")
        return f"postgresql://{role}@/{database}?host={socket_dir}&port={self.port}"

    def tcp_url(self, role: str, database: str) -> str:
        """Connection URL through 127.0.0.1, without the password."""
        return f"postgresql://{role}@{LOOPBACK}:{self.port}/{database}"


def _worth_showing(line: str) -> bool:
    # While it starts, the readiness check is turned away with a FATAL; that is not news.
    if line.endswith("the database system is starting up"):
        return False
    return line.startswith(("WARNING", "ERROR", "FATAL", "PANIC", "[supervisor]"))


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _write_as(path: Path, text: str, account: RunAs | None) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _run_initdb(placement: Placement, password: str) -> None:
    # Made under another name and renamed when whole: an interrupted initdb leaves nothing that looks like data.
    shutil.rmtree(_unfinished(placement), ignore_errors=True)
    descriptor, name = tempfile.mkstemp(prefix=".pw-", dir=placement.home)
    os.close(descriptor)
    password_file = Path(name)
    try:
        _write_as(password_file, password + "\n", placement.run_as)
        done = _initdb(placement, password_file)
    finally:
        password_file.unlink(missing_ok=True)
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise PlatformProblem(f"PostgreSQL's data could not be made in {placement.data}: {reason}")
    _unfinished(placement).rename(placement.data)


def _unfinished(placement: Placement) -> Path:
    return placement.home / "data.unfinished"


def _initdb(placement: Placement, password_file: Path) -> subprocess.CompletedProcess[str]:
    account = placement.run_as
    return subprocess.run(  # noqa: S603 - a list of arguments, no shell
        (
            str(placement.install / "bin" / "initdb"),
            f"--pgdata={_unfinished(placement)}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ),
        env=_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def _leftover_pid(data: Path) -> int | None:
    """The pid in postmaster.pid if that process is alive and really serves `data`."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(str(data)) in command else None


def _stop_leftover(data: Path, patience_s: float = 10.0) -> None:
    pid = _leftover_pid(data)
    if pid is None:
        return
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + patience_s
    while _leftover_pid(data) == pid:
        if time.monotonic() > deadline:
            raise PlatformProblem(f"An earlier PostgreSQL (process {pid}) still uses {data}: stop it and start again.")
        time.sleep(0.05)
