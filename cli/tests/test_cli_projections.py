"""`ytempire projections` and `ytempire replay`, on PostgreSQL and NATS of a stopped platform that are started once."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner, Result

from ytempire.bus import NatsAccess, Relay, connect
from ytempire.chassis.runner import migrations_of
from ytempire.cli.checks import prepare_var
from ytempire.cli.embedded import provision
from ytempire.cli.embedded.placement import place
from ytempire.cli.environment import ensure_provider_secrets, service_environment
from ytempire.cli.keys import ensure_platform_keys
from ytempire.cli.main import app
from ytempire.cli.plan import PlatformPlan, UpOptions, make_plan
from ytempire.cli.platform import make_servers
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.reachable import reachable_platform
from ytempire.cli.state import PlatformState, write_state
from ytempire.cli.stores import open_services
from ytempire.cli.testing import temporary_var, until
from ytempire.events.onboarding import UserCreated
from ytempire.eventstore import derived_id
from ytempire.eventstore.migrate import upgrade
from ytempire.eventstore.tasks import end
from ytempire.gateway.projections.accounts import ACCOUNTS

SERVICES = ("gateway", "onboarding")
USER = derived_id("user", "1")


def run(var: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--var", str(var)], env={"COLUMNS": "200"})


def owner_dsn(plan: PlatformPlan, service: str) -> str:
    environment = service_environment(plan, service, {})
    password = Path(environment["YTEMPIRE_OWNER_DATABASE_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    return make_conninfo(environment["YTEMPIRE_OWNER_DATABASE_URL"], password=password)


@contextmanager
def connected(plan: PlatformPlan) -> Iterator[psycopg.Connection]:
    environment = service_environment(plan, "gateway", {})
    password = Path(environment["YTEMPIRE_DATABASE_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    with psycopg.connect(environment["YTEMPIRE_DATABASE_URL"], password=password, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    """A platform, in whose onboarding somebody was created and nobody has projected it yet.

    Its servers are those that a command starts for a stopped platform; the commands under test then find them running.
    """
    with temporary_var() as folder:
        var = prepare_var(folder)
        placement = place(var)
        plan = make_plan(UpOptions(var, port=0), placement.socket_dir)
        ensure_platform_keys(plan.secrets_dir)
        ensure_provider_secrets(plan.secrets_dir)
        servers = make_servers(plan, placement)
        servers.postgres.initialise()
        with reachable_platform(var) as running:
            provision.provision(
                make_servers(running, placement).postgres.connect, running.secrets_dir, running.services
            )
            for service in SERVICES:
                definition = importlib.import_module(f"ytempire.{service}.bootstrap").DEFINITION
                upgrade(migrations_of(definition), owner_dsn(running, service), application_role=service)
            asyncio.run(_fill(running))
            write_state(var, state_of(running))
            yield var
        placement.release()


def state_of(plan: PlatformPlan) -> PlatformState:
    return {
        "phase": "ready",
        "var": str(plan.var),
        "clock": plan.clock,
        "postgres_socket_dir": str(plan.postgres_socket_dir),
        "ports": {
            "gateway": plan.http_port,
            "postgres": plan.postgres_port,
            "nats": plan.nats_port,
            "sandbox": plan.sandbox_port,
            "sandbox_smtp": plan.sandbox_smtp_port,
            "health": dict(plan.health_ports),
        },
    }


async def _fill(plan: PlatformPlan) -> None:
    async with open_services(plan, "gateway") as services, open_services(plan, "onboarding") as (onboarding,):
        await services[0].models.install()
        committed = await onboarding.store.append(f"user-{USER}", UserCreated(user_id=USER))
        secret = plan.secrets_dir / "nats.onboarding.password"
        client = await connect(NatsAccess(plan.nats_url, "onboarding", secret), "onboarding")
        relay = Relay(onboarding.store, client)
        task = asyncio.create_task(relay.run())

        async def published() -> bool:
            return relay.position >= committed.events[0].position

        await until(published)
        await end([task])
        await client.close()


def test_a_read_model_is_rebuilt_compared_and_gone_back_from(var: Path) -> None:
    rebuilt = run(var, "projections", "rebuild", "gateway", "accounts")
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "gateway accounts: generation 2 is live" in rebuilt.output

    with reachable_platform(var) as plan, connected(plan) as connection:
        # by hand: a connection that names no tenant sees no row
        connection.execute("select set_config('ytempire.tenant', '*', false)")
        connection.execute(f"update {ACCOUNTS.schema}.accounts set is_beta = false".encode())
    differing = run(var, "projections", "diff", "gateway", "accounts")
    assert differing.exit_code == 1, rebuilt.output + differing.output
    assert f"accounts [user_id={USER}]: is_beta is False, the logs say True" in differing.output

    back = run(var, "projections", "rollback", "gateway", "accounts")
    assert "gateway accounts: generation 1 is live again" in back.output
    listed = run(var, "projections", "list", "gateway")
    assert listed.exit_code == 0
    lines = [line for line in listed.output.splitlines() if "accounts" in line]
    assert [("previous" in line, "active" in line) for line in lines] == [(False, True), (True, False)]
    assert run(var, "replay", "--service", "gateway").exit_code == 0


def test_a_past_moment_is_kept_and_dropped(var: Path) -> None:
    now = datetime.now(UTC).isoformat()
    kept = run(var, "replay", "--as-of", now, "--service", "gateway", "--keep", "june")
    assert kept.exit_code == 0, kept.output
    assert "1 rows in asof_june_accounts" in kept.output
    assert (
        "asof_june_accounts is gone" in run(var, "projections", "drop", "gateway", "accounts", "--kept", "june").output
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("projections", "rebuild", "gateway", "oddities"), "There is no read model gateway oddities"),
        (("projections", "rollback", "gateway", "tickets"), "has no previous generation"),
        (("replay", "--as-of", "7"), "name the service"),
        (("replay", "--as-of", "7", "--service", "gateway"), "gateway has no position 7: its log ends at 0"),
        (("replay", "--as-of", "june"), "neither a position nor a time"),
        (("replay", "--keep", "june"), "--keep needs --as-of"),
        (("replay", "--as-of", "2026-11-20", "--keep", "rm; drop"), "cannot be kept"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(var: Path, arguments: tuple[str, ...], reason: str) -> None:
    refused = run(var, *arguments).exception
    assert isinstance(refused, PlatformProblem)
    assert reason in str(refused)


def test_a_folder_without_a_platform_is_named(tmp_path: Path) -> None:
    refused = run(tmp_path, "projections", "list").exception
    assert isinstance(refused, PlatformProblem)
    assert "There is no platform" in str(refused)
