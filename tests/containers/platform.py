"""The platform's own processes on servers in containers, so that the demo's journey can walk over them.

The services and the sandbox run as local processes with the settings of the embedded profile; of these only the two
server addresses differ. What is tested is the platform on PostgreSQL and NATS that it did not start itself, reached
over a network; the services' own image is not part of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

from tests.containers.servers import Servers

from ytempire.cli import processes
from ytempire.cli.checks import prepare_var
from ytempire.cli.embedded import provision
from ytempire.cli.environment import ensure_provider_secrets
from ytempire.cli.keys import ensure_platform_keys
from ytempire.cli.plan import PlatformPlan, UpOptions, make_plan
from ytempire.cli.platform import addresses, sandbox_process, service_process, write_ca_bundle
from ytempire.cli.ports import LOOPBACK
from ytempire.cli.processes import ProcessSpec
from ytempire.cli.state import hold_lock, write_state

_SERVICE_SECONDS = 180.0


@contextlib.contextmanager
def running_platform(var: Path, servers: Servers) -> Iterator[Path]:
    """Sandbox and services on `servers`, with `var/run/platform.json` as a supervisor would write it; yields `var`.

    `servers.secrets_dir` must be `var/secrets`. Raises `PlatformProblem` when a process does not become ready.
    """
    began = time.monotonic()
    var = prepare_var(var)
    with hold_lock(var), contextlib.ExitStack() as stack:
        plan = _plan(var, servers)
        ensure_platform_keys(plan.secrets_dir)
        ensure_provider_secrets(plan.secrets_dir)
        for name in ("sandbox", "assets", "traces", "log"):
            (var / name).mkdir(exist_ok=True)
        provision.provision(servers.connect, plan.secrets_dir, plan.services)
        servers.topology()
        started = _start(stack, plan, (sandbox_process(plan),))
        write_ca_bundle(plan)
        services = [service_process(plan, service) for service in plan.services]
        patient = tuple(dataclasses.replace(spec, ready_seconds=_SERVICE_SECONDS) for spec in services)
        started |= _start(stack, plan, patient)
        _announce(plan, started, round(time.monotonic() - began, 2))
        yield var


def _plan(var: Path, servers: Servers) -> PlatformPlan:
    # libpq takes an address where it takes a socket's folder, so the plan needs no second form of address
    plan = make_plan(UpOptions(var=var, port=0, clock="virtual"), Path(LOOPBACK))
    return dataclasses.replace(plan, postgres_port=servers.postgres_port, nats_port=servers.nats_port)


def _start(stack: contextlib.ExitStack, plan: PlatformPlan, specs: tuple[ProcessSpec, ...]) -> dict[str, Popen[bytes]]:
    started: dict[str, Popen[bytes]] = {}
    for spec in specs:
        log = stack.enter_context((plan.log_dir / f"{spec.name}.log").open("ab"))
        started[spec.name] = processes.start(spec, log)
        stack.callback(processes.stop, spec, started[spec.name])
    for spec in specs:
        try:
            processes.wait_until_ready(spec, started[spec.name])
        except Exception as error:
            log_text = (plan.log_dir / f"{spec.name}.log").read_text(encoding="utf-8", errors="replace")
            error.add_note(log_text[-2000:])
            raise
    return started


def _announce(plan: PlatformPlan, started: dict[str, Popen[bytes]], seconds: float) -> None:
    state = {
        "phase": "ready",
        "pid": os.getpid(),
        "start_seconds": seconds,
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
        "processes": {name: {"pid": process.pid} for name, process in started.items()},
    }
    write_state(plan.var, state)
