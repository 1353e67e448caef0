"""What one run of the platform looks like: folders, ports, addresses. Decided once, then only read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ytempire.cli.embedded.provision import SERVICES
from ytempire.cli.keys import write_private
from ytempire.cli.ports import LOOPBACK, bind_error, free_ports
from ytempire.cli.problems import PlatformProblem

ClockMode = Literal["system", "virtual"]
DEFAULT_PORT = 8000
# The gateway is the one public door.
ALL_ADDRESSES = ""
_SERVER_PORTS = ("postgres", "nats", "sandbox", "sandbox_smtp")


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What the person chose. `port` is the gateway's; 0 means any free one."""

    var: Path
    port: int = DEFAULT_PORT
    clock: ClockMode = "system"
    log_level: str = "info"
    services: tuple[str, ...] = SERVICES


@dataclass(frozen=True, slots=True)
class PlatformPlan:
    """Ports and folders of one run; every address of every process follows from it.

    `health_ports` are loopback ports by service name. The gateway answers `/readyz` on `http_port`.
    """

    var: Path
    http_port: int
    postgres_port: int
    postgres_socket_dir: Path
    nats_port: int
    sandbox_port: int
    sandbox_smtp_port: int
    health_ports: Mapping[str, int]
    clock: ClockMode = "system"
    log_level: str = "info"
    services: tuple[str, ...] = SERVICES

    @property
    def secrets_dir(self) -> Path:
        """Passwords and keys (0700)."""
        return self.var / "secrets"

    @property
    def run_dir(self) -> Path:
        """State of the running platform: lock, platform.json, merged CA bundle."""
        return self.var / "run"

    @property
    def log_dir(self) -> Path:
        """One log file per process."""
        return self.var / "log"

    @property
    def sandbox_dir(self) -> Path:
        """The sandbox's state."""
        return self.var / "sandbox"

    @property
    def ca_bundle(self) -> Path:
        """The system's certificate authorities and the sandbox's, in one file."""
        return self.run_dir / "ca-bundle.pem"

    @property
    def public_url(self) -> str:
        """Root of the gateway."""
        return f"http://{LOOPBACK}:{self.http_port}"

    @property
    def sandbox_url(self) -> str:
        """Root of the sandbox."""
        return f"https://localhost:{self.sandbox_port}"

    @property
    def nats_url(self) -> str:
        """NATS without credentials."""
        return f"nats://{LOOPBACK}:{self.nats_port}"

    def ready_url(self, service: str) -> str:
        """Where `service` tells whether it is ready."""
        port = self.http_port if service == "gateway" else self.health_ports[service]
        return f"http://{LOOPBACK}:{port}/readyz"


def ports_file(var: Path) -> Path:
    """Where the ports of the last run are remembered, so that addresses stay the same when they can."""
    return var / "run" / "ports.json"


def _remembered(var: Path) -> dict[str, int]:
    try:
        stored = json.loads(ports_file(var).read_text(encoding="utf-8"))
        return {str(name): int(port) for name, port in stored.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def choose_ports(var: Path, names: tuple[str, ...]) -> dict[str, int]:
    """A free loopback port for each name; last run's where still free."""
    before = _remembered(var)
    ports = free_ports(len(names), tuple(before.get(name, 0) for name in names))
    chosen = dict(zip(names, ports, strict=True))
    write_private(ports_file(var), json.dumps(chosen) + "\n")
    return chosen


def gateway_port(wanted: int) -> int:
    """The gateway's port. Raises `PlatformProblem` when it is taken or may not be used."""
    if wanted == 0:
        return free_ports(1)[0]
    error = bind_error(wanted, ALL_ADDRESSES)
    if isinstance(error, PermissionError):
        raise PlatformProblem(f"Port {wanted} is reserved for root: choose one from 1024 on with --port.")
    if error is not None:
        raise PlatformProblem(f"Port {wanted} is taken by another program: stop it, or choose another with --port.")
    return wanted


def make_plan(options: UpOptions, socket_dir: Path) -> PlatformPlan:
    """Choose the ports of a run. Raises `PlatformProblem` when the gateway's port cannot be had."""
    http_port = gateway_port(options.port)
    services = options.services
    health_names = tuple(f"{service}.health" for service in services)
    ports = choose_ports(options.var, (*_SERVER_PORTS, *health_names))
    return PlatformPlan(
        var=options.var,
        http_port=http_port,
        postgres_port=ports["postgres"],
        postgres_socket_dir=socket_dir,
        nats_port=ports["nats"],
        sandbox_port=ports["sandbox"],
        sandbox_smtp_port=ports["sandbox_smtp"],
        health_ports={service: ports[f"{service}.health"] for service in services},
        clock=options.clock,
        log_level=options.log_level,
        services=services,
    )
