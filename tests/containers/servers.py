"""PostgreSQL and NATS in containers, with the secrets, roles and permissions that the platform gives them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from tests.containers.images import Images

from ytempire.cli.containers import nats_configuration
from ytempire.cli.embedded.nats import NatsServer, greeting_reason
from ytempire.cli.embedded.postgres import SUPERUSER
from ytempire.cli.keys import ensure_secret, write_private
from ytempire.cli.ports import LOOPBACK
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.testing import NatsAccess
from ytempire.cli.topology import TopologyJob

_READY_SECONDS = 120.0
_INITDB = "--auth=scram-sha-256 --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
_POSTGRES_OPTIONS = "-c max_connections=120 -c timezone=UTC -c password_encryption=scram-sha-256"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two servers listen on 127.0.0.1, and the folder of their secrets."""

    postgres_port: int
    nats_port: int
    secrets_dir: Path

    @property
    def superuser_password_file(self) -> Path:
        """Password of PostgreSQL's superuser."""
        return self.secrets_dir / "postgres.superuser.password"

    @property
    def nats(self) -> NatsAccess:
        """How to log in to NATS."""
        return NatsAccess(f"nats://{LOOPBACK}:{self.nats_port}", self.secrets_dir)

    def connect(self, database: str, timeout_s: int = 10) -> psycopg.Connection:
        """An autocommit connection as PostgreSQL's superuser."""
        return psycopg.connect(
            host=LOOPBACK,
            port=self.postgres_port,
            dbname=database,
            user=SUPERUSER,
            password=self.superuser_password_file.read_text(encoding="utf-8").strip(),
            connect_timeout=timeout_s,
            autocommit=True,
        )

    def url(self, role: str, database: str) -> str:
        """PostgreSQL URL without a password."""
        return f"postgresql://{role}@{LOOPBACK}:{self.postgres_port}/{database}"

    def topology(self) -> list[str]:
        """Make the streams that are missing; returns what was done."""
        return TopologyJob(NatsServer(Path("/nowhere"), self.nats_port, self.secrets_dir)).finish()

    def write(self, file: Path) -> None:
        """Leave what another process needs to find the servers."""
        values = {**dataclasses.asdict(self), "secrets_dir": str(self.secrets_dir)}
        file.write_text(json.dumps(values) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Servers:
        """What `write` left."""
        values = json.loads(file.read_text(encoding="utf-8"))
        return cls(values["postgres_port"], values["nats_port"], Path(values["secrets_dir"]))


@contextlib.contextmanager
def running_servers(address: str, images: Images, folder: Path) -> Iterator[Servers]:
    """Both servers, from fresh data, until the block ends. Raises `PlatformProblem` when one does not serve."""
    os.environ["DOCKER_HOST"] = address
    # the reaper is an image of its own; containers are stopped by this block instead
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
    os.environ["TESTCONTAINERS_HOST_OVERRIDE"] = LOOPBACK
    from testcontainers.core.container import DockerContainer

    secrets_dir = folder / "secrets"
    password, _ = ensure_secret(secrets_dir / "postgres.superuser.password")
    configuration_dir = folder / "nats"
    configuration_dir.mkdir()
    write_private(configuration_dir / "nats-server.conf", json.dumps(nats_configuration(secrets_dir)) + "\n")
    postgres = (
        DockerContainer(images.postgres)
        .with_env("POSTGRES_PASSWORD", password)
        .with_env("POSTGRES_INITDB_ARGS", _INITDB)
        .with_exposed_ports(5432)
        .with_command(f"postgres {_POSTGRES_OPTIONS}")
    )
    nats = (
        DockerContainer(images.nats)
        .with_volume_mapping(str(configuration_dir), "/etc/nats", "ro")
        .with_exposed_ports(4222)
        .with_command("--config /etc/nats/nats-server.conf")
    )
    with postgres, nats:
        servers = Servers(int(postgres.get_exposed_port(5432)), int(nats.get_exposed_port(4222)), secrets_dir)
        _await("PostgreSQL", lambda: _postgres_reason(servers), lambda: _log(postgres))
        _await("NATS", lambda: greeting_reason(servers.nats_port), lambda: _log(nats))
        yield servers


def _log(container: Any) -> str:
    output, errors = container.get_logs()
    text: str = (output + errors).decode("utf-8", errors="replace")
    return text[-2000:]


def _postgres_reason(servers: Servers) -> str | None:
    try:
        with servers.connect("postgres", timeout_s=2):
            return None
    except psycopg.OperationalError as error:
        return str(error).strip().splitlines()[-1]


def _await(name: str, reason: Callable[[], str | None], log: Callable[[], str]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while (why := reason()) is not None:
        if time.monotonic() > deadline:
            raise PlatformProblem(f"{name} does not serve in its container: {why}\n{log()}")
        time.sleep(0.2)
