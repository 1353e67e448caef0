"""The servers of a platform for tools: those that run, or PostgreSQL and NATS alone for a while when it is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ytempire.cli import processes
from ytempire.cli.embedded.placement import place
from ytempire.cli.plan import PlatformPlan, UpOptions, make_plan
from ytempire.cli.platform import make_servers
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.processes import ProcessSpec
from ytempire.cli.running import plan_of, running_state
from ytempire.cli.state import hold_lock, running_pid
from ytempire.cli.topology import TopologyJob


@contextmanager
def reachable_platform(var: Path) -> Iterator[PlatformPlan]:
    """A plan whose PostgreSQL and NATS answer until the block ends.

    Raises `PlatformProblem` when there never was a platform on `var`, or when one is just starting or stopping.
    """
    var = var.resolve()
    if running_pid(var) is not None:
        yield plan_of(running_state(var))
        return
    if not (var / "postgres").is_dir():
        raise PlatformProblem(f"There is no platform on {var}: start one with `ytempire up`.")
    with hold_lock(var):
        placement = place(var)
        try:
            plan = make_plan(UpOptions(var, port=0), placement.socket_dir)
            servers = make_servers(plan, placement)
            with ExitStack() as stack:
                stack.enter_context(_running(servers.postgres.process(), plan.log_dir))
                stack.enter_context(_running(servers.nats.process(), plan.log_dir))
                TopologyJob(servers.nats).finish()
                yield plan
        finally:
            placement.release()


@contextmanager
def _running(spec: ProcessSpec, log_dir: Path) -> Iterator[None]:
    log_dir.mkdir(exist_ok=True)
    with (log_dir / f"{spec.name}.log").open("ab") as output:
        process = processes.start(spec, output)
        try:
            processes.wait_until_ready(spec, process)
            yield
        finally:
            processes.stop(spec, process)
