"""The platform as processes: which there are, in which order, and what happens between the stages."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import certifi

from ytempire.cli import probes
from ytempire.cli.checks import explain, prepare_var
from ytempire.cli.embedded import provision
from ytempire.cli.embedded.nats import NatsServer
from ytempire.cli.embedded.placement import Placement, place
from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.environment import ensure_provider_secrets, sandbox_environment, service_environment
from ytempire.cli.keys import ensure_platform_keys, keep_rotating
from ytempire.cli.logs import Console, ProcessLog
from ytempire.cli.plan import PlatformPlan, UpOptions, gateway_port, make_plan
from ytempire.cli.processes import ProcessSpec
from ytempire.cli.state import PlatformState, hold_lock, write_state
from ytempire.cli.supervisor import Stage, Supervisor
from ytempire.cli.topology import TopologyJob
from ytempire.eventstore.tasks import end


@dataclass(frozen=True, slots=True)
class Servers:
    """The two servers of the embedded profile."""

    postgres: PostgresServer
    nats: NatsServer


def make_servers(plan: PlatformPlan, placement: Placement) -> Servers:
    """The servers of `plan`; nothing is started."""
    return Servers(
        PostgresServer(placement, plan.postgres_port, plan.secrets_dir / "postgres.superuser.password"),
        NatsServer(plan.var / "nats", plan.nats_port, plan.secrets_dir, plan.services),
    )


def sandbox_process(plan: PlatformPlan) -> ProcessSpec:
    """The stand-ins of the outside world."""
    return ProcessSpec(
        name="sandbox",
        argv=(sys.executable, "-m", "ytempire.sandbox"),
        env=sandbox_environment(plan, os.environ),
        ready=probes.sandbox_ready(plan.sandbox_url, plan.sandbox_dir),
        cwd=plan.var,
    )


def service_process(plan: PlatformPlan, service: str) -> ProcessSpec:
    """One service."""
    return ProcessSpec(
        name=service,
        argv=(sys.executable, "-m", f"ytempire.{service}"),
        env=service_environment(plan, service, os.environ),
        ready=probes.http_ready(plan.ready_url(service)),
        cwd=plan.var,
        ready_seconds=90.0,
    )


def write_ca_bundle(plan: PlatformPlan) -> None:
    """Merge the system's authorities (certifi's where the system has none) with the sandbox's."""
    system = ssl.get_default_verify_paths().cafile or certifi.where()
    parts = [Path(system).read_text(encoding="utf-8")]
    authority = probes.sandbox_authority(plan.sandbox_dir)
    if authority is not None:
        parts.append(authority.read_text(encoding="utf-8"))
    fresh = plan.ca_bundle.with_name("ca-bundle.pem.new")
    fresh.write_text("\n".join(parts), encoding="utf-8")
    fresh.replace(plan.ca_bundle)


def make_stages(
    plan: PlatformPlan, servers: Servers, topology: TopologyJob, note: Callable[[str], None]
) -> list[Stage]:
    """Servers and sandbox need nothing of each other and start together; the services start on them, in parallel.

    In between: databases, roles, trusted authorities, streams. `note` takes a line about what was made.
    """

    def restore_streams() -> None:
        # Streams in memory end with the server, and a lost folder takes the others too: producers refill those.
        for line in TopologyJob(servers.nats).finish():
            note(line)

    def prepare() -> None:
        provision.provision(servers.postgres.connect, plan.secrets_dir, plan.services)
        write_ca_bundle(plan)
        for line in topology.finish():
            note(line)

    nats = dataclasses.replace(servers.nats.process(), after_restart=restore_streams)
    return [
        Stage((servers.postgres.process(), nats, sandbox_process(plan)), then=prepare),
        Stage(tuple(service_process(plan, service) for service in plan.services)),
    ]


class PlatformRun:
    """One run of the platform on one `var/`, from the first check to the last process stopped."""

    def __init__(self, options: UpOptions, console: Console) -> None:
        self._options = options
        self._console = console
        self._began = time.monotonic()
        self._phase = "starting"
        self._start_seconds: float | None = None
        self._supervisor: Supervisor | None = None
        self._plan: PlatformPlan | None = None
        self._log: ProcessLog | None = None
        self._started_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def run(self) -> None:
        """Run until SIGINT or SIGTERM. Raises `PlatformProblem` with a sentence for the person."""
        var = prepare_var(self._options.var)
        try:
            with hold_lock(var):
                gateway_port(self._options.port)
                self._run_locked(var)
        except OSError as error:
            raise explain(error, var) from error

    def _run_locked(self, var: Path) -> None:
        self._log = ProcessLog("platform", var / "log", self._console)
        placement = place(var)
        for note in placement.notes:
            self._log.write(note)
        try:
            plan = make_plan(dataclasses.replace(self._options, var=var), placement.socket_dir)
            ensure_platform_keys(plan.secrets_dir)
            ensure_provider_secrets(plan.secrets_dir)
            for name in ("sandbox", "assets", "traces"):
                (plan.var / name).mkdir(exist_ok=True)
            servers = make_servers(plan, placement)
            if servers.postgres.initialise():
                self._log.write("PostgreSQL's data was made")
            self._plan = plan
            asyncio.run(self._supervise(plan, servers))
        finally:
            placement.release()
            self._log.close()

    async def _supervise(self, plan: PlatformPlan, servers: Servers) -> None:
        servers.nats.prepare_start()
        topology = TopologyJob(servers.nats)
        stages = make_stages(plan, servers, topology, self._note)
        self._supervisor = Supervisor(stages, plan.log_dir, self._console, self._publish_state)
        rotation = asyncio.create_task(keep_rotating(plan.secrets_dir, self._note), name="rotation")
        try:
            await self._supervisor.run(self._announce)
        finally:
            await end([rotation])
            topology.abandon()
            self._phase = "stopped"
            self._publish_state()

    def _note(self, line: str) -> None:
        if self._log is not None:
            self._log.write(line)

    def _announce(self) -> None:
        self._phase = "ready"
        self._start_seconds = round(time.monotonic() - self._began, 2)
        self._publish_state()
        self._note(f"ready after {self._start_seconds:.1f} s")
        for name, url in (addresses(self._plan) if self._plan else {}).items():
            self._note(f"{name:<10} {url}")

    def _publish_state(self) -> None:
        if self._plan is None or self._supervisor is None:
            return
        # A full disk shows in the logs of those who need it; supervising goes on without the file.
        with contextlib.suppress(OSError):
            write_state(self._plan.var, self._describe(self._plan, self._supervisor))

    def _describe(self, plan: PlatformPlan, supervisor: Supervisor) -> PlatformState:
        return {
            "phase": self._phase,
            "pid": os.getpid(),
            "started_at": self._started_at,
            "start_seconds": self._start_seconds,
            "var": str(plan.var),
            "clock": plan.clock,
            "urls": addresses(plan),
            "ca_bundle": str(plan.ca_bundle),
            "ports": {
                "gateway": plan.http_port,
                "postgres": plan.postgres_port,
                "nats": plan.nats_port,
                "sandbox": plan.sandbox_port,
                "sandbox_smtp": plan.sandbox_smtp_port,
                "health": dict(plan.health_ports),
            },
            "postgres_socket_dir": str(plan.postgres_socket_dir),
            "processes": {
                name: {
                    "pid": supervised.pid,
                    "state": supervised.state,
                    "restarts": supervised.restarts,
                    "started_at": supervised.started_at,
                    "ready_after_s": supervised.ready_after_s,
                    "reason": None if supervised.state == "ready" else supervised.last_reason,
                }
                for name, supervised in supervisor.processes.items()
            },
        }


def addresses(plan: PlatformPlan) -> dict[str, str]:
    """What a person opens in a browser, by name."""
    return {
        "web": f"{plan.public_url}/",
        "api": f"{plan.public_url}/api/v1",
        "docs": f"{plan.public_url}/docs",
        "sandbox": f"{plan.sandbox_url}/",
        "inbox": f"{plan.sandbox_url}/inbox",
        "card form": f"{plan.sandbox_url}/checkout/card",
        "channels": f"{plan.sandbox_url}/channels",
    }
