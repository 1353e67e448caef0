"""Real PostgreSQL and NATS for tests, started once per test session on free ports.

The module is a pytest plugin by entry point, so the fixtures are there wherever `ytempire-cli` is installed:

    def test_something(service_database: ServiceDatabaseFactory) -> None:
        database = service_database("billing")
        psycopg.connect(database.url, password=database.password)
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from psycopg import sql

from ytempire.cli import processes
from ytempire.cli.embedded import nats as nats_module
from ytempire.cli.embedded import provision
from ytempire.cli.embedded.nats import NatsServer
from ytempire.cli.embedded.placement import place
from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.ports import free_ports
from ytempire.cli.processes import ProcessSpec

_numbers = itertools.count(1)
_LOOK_AGAIN_S = 0.01


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Look from outside until something has happened.

    :raises TimeoutError: if it has not happened after ``seconds``.
    """
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(_LOOK_AGAIN_S)


@dataclass(frozen=True, slots=True)
class ServiceDatabase:
    """A database of its own for one test, with the two roles of a service.

    `url`/`owner_url` carry no password (as in production); `dsn`/`owner_dsn` do, for clients that want one string.
    """

    service: str
    name: str
    url: str
    password_file: Path
    owner_url: str
    owner_password_file: Path

    @property
    def password(self) -> str:
        """Password of the application role."""
        return self.password_file.read_text(encoding="utf-8").strip()

    @property
    def owner_password(self) -> str:
        """Password of the role that owns the database and migrates it."""
        return self.owner_password_file.read_text(encoding="utf-8").strip()

    @property
    def dsn(self) -> str:
        """Connection URL of the application role with its password."""
        return _with_password(self.url, self.password)

    @property
    def owner_dsn(self) -> str:
        """Connection URL of the owner with its password."""
        return _with_password(self.owner_url, self.owner_password)


ServiceDatabaseFactory = Callable[[str], ServiceDatabase]


@dataclass(frozen=True, slots=True)
class NatsAccess:
    """Where the test session's NATS server is and how to log in."""

    url: str
    secrets_dir: Path

    def password_file(self, user: str) -> Path:
        """File with the password of `user`: a service's name, or `admin` for topology."""
        return nats_module.password_file(self.secrets_dir, user)

    def password(self, user: str) -> str:
        """Password of `user`."""
        return self.password_file(user).read_text(encoding="utf-8").strip()

    @property
    def admin_password(self) -> str:
        """Password of the administrator, who alone may make streams."""
        return self.password(nats_module.ADMIN)


@dataclass(frozen=True, slots=True)
class EmbeddedServers:
    """A running PostgreSQL and NATS with their secrets."""

    postgres: PostgresServer
    nats: NatsServer
    secrets_dir: Path

    @property
    def nats_access(self) -> NatsAccess:
        """How to log in to NATS."""
        return NatsAccess(self.nats.url, self.secrets_dir)

    def service_database(self, service: str) -> ServiceDatabase:
        """A fresh, empty database with the roles of `service`, made in some 20 ms."""
        return make_service_database(self.postgres, self.secrets_dir, service)


def _with_password(url: str, password: str) -> str:
    scheme, rest = url.split("://", 1)
    role, place_ = rest.split("@", 1)
    return f"{scheme}://{role}:{quote(password, safe='')}@{place_}"


def make_service_database(postgres: PostgresServer, secrets_dir: Path, service: str) -> ServiceDatabase:
    """Make a database named `<service>_<number>` owned by `<service>_owner`."""
    name = f"{service}_{next(_numbers)}"
    owner = provision.owner_role(service)
    with postgres.connect("postgres") as connection:
        provision.ensure_role(connection, owner, secrets_dir)
        provision.ensure_role(connection, service, secrets_dir)
        provision.ensure_database(connection, name, owner, service)
    return ServiceDatabase(
        service=service,
        name=name,
        url=postgres.url(service, name),
        password_file=provision.password_file(secrets_dir, service),
        owner_url=postgres.url(owner, name),
        owner_password_file=provision.password_file(secrets_dir, owner),
    )


def drop_service_database(postgres: PostgresServer, name: str) -> None:
    """Drop a test's database, ending connections that are still open."""
    with postgres.connect("postgres") as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


@contextmanager
def temporary_var(name: str = "var") -> Iterator[Path]:
    """A short-named folder for a `var/` of one test, removed afterwards.

    Unlike pytest's own folders it can be passed through by PostgreSQL's account when root runs the tests, so that
    nothing is placed outside it.
    """
    folder = Path(tempfile.mkdtemp(prefix="ytest-"))
    try:
        folder.chmod(0o711)
        var = folder / name
        var.mkdir(mode=0o755)
        yield var
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(spec: ProcessSpec, log: Path) -> Iterator[int]:
    """Run `spec` until the block ends; yields its pid. Its output goes to `log`, which a failed start-up quotes."""
    with log.open("ab") as output:
        process = processes.start(spec, output)
        try:
            try:
                processes.wait_until_ready(spec, process)
            except Exception as error:
                error.add_note(log.read_text(encoding="utf-8", errors="replace")[-2000:])
                raise
            yield process.pid
        finally:
            processes.stop(spec, process)


@contextmanager
def running_postgres(var: Path, secrets_dir: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL of its own below `var`."""
    placement = place(var)
    server = PostgresServer(placement, free_ports(1)[0], secrets_dir / "postgres.superuser.password")
    try:
        server.initialise()
        with running(server.process(), var / "postgres.log"):
            with server.connect("postgres") as connection:
                provision.close_shared_databases(connection)
            yield server
    finally:
        placement.release()


@contextmanager
def running_nats(var: Path, secrets_dir: Path) -> Iterator[NatsServer]:
    """A NATS server of its own below `var`."""
    server = NatsServer(var / "nats", free_ports(1)[0], secrets_dir)
    with running(server.process(), var / "nats.log"):
        yield server


@contextmanager
def embedded_servers(folder: Path | None = None) -> Iterator[EmbeddedServers]:
    """PostgreSQL and NATS below `folder` (default: a temporary one that is removed afterwards)."""
    with ExitStack() as stack:
        var = folder if folder is not None else stack.enter_context(temporary_var())
        secrets_dir = var / "secrets"
        postgres = stack.enter_context(running_postgres(var, secrets_dir))
        nats = stack.enter_context(running_nats(var, secrets_dir))
        yield EmbeddedServers(postgres, nats, secrets_dir)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[PostgresServer]:
    """The test session's PostgreSQL; `service_database` gives each test a database in it."""
    with temporary_var() as var, running_postgres(var, var / "secrets") as server:
        yield server


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsAccess]:
    """The test session's NATS server. Tests share it: give streams names of their own, or delete them."""
    with temporary_var() as var, running_nats(var, var / "secrets") as server:
        yield NatsAccess(server.url, server.secrets_dir)


@pytest.fixture
def service_database(pg_server: PostgresServer) -> Iterator[ServiceDatabaseFactory]:
    """`service_database("billing")` makes a fresh database for this test; it is dropped afterwards."""
    made: list[str] = []
    secrets_dir = pg_server.superuser_password_file.parent

    def make(service: str) -> ServiceDatabase:
        database = make_service_database(pg_server, secrets_dir, service)
        made.append(database.name)
        return database

    yield make
    for name in made:
        drop_service_database(pg_server, name)
