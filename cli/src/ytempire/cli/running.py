"""A running platform, seen from outside: its plan, read back from what it tells about itself."""

from __future__ import annotations

from pathlib import Path

from ytempire.cli.plan import PlatformPlan
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.state import PlatformState, read_state, running_pid


def running_state(var: Path) -> PlatformState:
    """The state of the platform that runs on `var`.

    Raises `PlatformProblem` when none runs or it is not ready yet.
    """
    var = var.resolve()
    state = read_state(var)
    if running_pid(var) is None or state is None:
        raise PlatformProblem(f"No platform runs on {var}: start one with `ytempire up`.")
    if state["phase"] != "ready":
        raise PlatformProblem(f"The platform on {var} is {state['phase']}: try again when it is ready.")
    return state


def plan_of(state: PlatformState) -> PlatformPlan:
    """The plan a running platform was started with."""
    ports = state["ports"]
    return PlatformPlan(
        var=Path(state["var"]),
        http_port=ports["gateway"],
        postgres_port=ports["postgres"],
        postgres_socket_dir=Path(state["postgres_socket_dir"]),
        nats_port=ports["nats"],
        sandbox_port=ports["sandbox"],
        sandbox_smtp_port=ports["sandbox_smtp"],
        health_ports=ports["health"],
        clock=state["clock"],
        services=tuple(ports["health"]),
    )
