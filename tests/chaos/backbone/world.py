"""The reference system with its servers, all of them processes that may be killed and that are started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import psycopg
from nats.aio.client import Client
from psycopg.conninfo import make_conninfo
from tests.chaos.backbone.disk import Disk
from tests.chaos.backbone.names import CONSUMER, PRODUCER
from tests.chaos.backbone.proxy import Proxy

from ytempire.bus import NatsAccess, connect, topology
from ytempire.cli import processes
from ytempire.cli.embedded import nats, provision
from ytempire.cli.embedded.nats import NatsServer
from ytempire.cli.embedded.placement import place
from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.environment import process_basics
from ytempire.cli.keys import ensure_platform_keys
from ytempire.cli.ports import free_ports
from ytempire.cli.probes import http_ready
from ytempire.cli.processes import ProcessSpec
from ytempire.cli.testing import until
from ytempire.eventstore import crash

COPIES = 2
_REPOSITORY = Path(__file__).parents[3]
_LOOK_S, _READY_S = 0.05, 60.0
_SHOWN = 2000


class Supervised:
    """A process that is started again whenever it ends, as every profile does."""

    def __init__(self, spec: ProcessSpec, log: Path) -> None:
        self.spec, self._log = spec, log
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._own: Mapping[str, str] = {}
        self._crashed = asyncio.Event()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it, wait until it is ready and keep it running."""
        self._launch()
        self._watch = asyncio.create_task(self._keep(), name=self.spec.name)
        await self.ready()

    async def ready(self) -> None:
        """Wait until it serves."""

        async def serves() -> bool:
            return await asyncio.to_thread(self.spec.ready) is None

        await until(serves, _READY_S)

    def kill(self) -> None:
        """``kill -9``; whoever watches starts it again."""
        assert self._process is not None
        self._process.kill()

    def crash_at(self, place: str) -> asyncio.Event:
        """Kill it and let the next one end at a crash point; the event says that it came there."""
        self._own, self._crashed = {crash.VARIABLE: place}, asyncio.Event()
        self.kill()
        return self._crashed

    def disarm(self) -> None:
        """It starts without a crash point from now on; one that has not come to its own is killed."""
        if self._own:
            self._own = {}
            self.kill()

    async def stop(self) -> None:
        """End it for good, or until it is started again."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGCONT)
            await asyncio.to_thread(processes.stop, self.spec, self._process)

    async def kill_for_good(self) -> None:
        """``kill -9`` of it and its children, and nobody starts it again."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert self._process is not None
        await asyncio.to_thread(self._process.wait)

    def family(self) -> list[psutil.Process]:
        """It and its children."""
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def _launch(self) -> None:
        # from the main thread: the kernel ends the child with the thread that started it
        spec = ProcessSpec(**{**_fields(self.spec), "env": {**self.spec.env, **self._own}})
        with self._log.open("ab") as output:
            self._process = processes.start(spec, output)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            assert self._process is not None
            code = self._process.poll()
            if code is None:
                continue
            if code == crash.EXIT_CODE and self._own:
                self._own = {}
                self._crashed.set()
            try:
                self._launch()
            except Exception as error:
                print(f"{self.spec.name} is not started yet: {error}", file=sys.stderr)
                await asyncio.sleep(0.5)


def _fields(spec: ProcessSpec) -> dict[str, object]:
    return {name: getattr(spec, name) for name in ProcessSpec.__dataclass_fields__}


@dataclass
class World:
    """Everything that runs, and what happened to it."""

    folder: Path
    postgres: PostgresServer
    nats_server: NatsServer
    disk: Disk | None
    database: Supervised
    bus: Supervised
    to_postgres: Proxy
    to_nats: Proxy
    copies: dict[str, list[Supervised]] = field(default_factory=dict)
    http_ports: tuple[int, ...] = ()
    kills: int = 0
    crashed: list[str] = field(default_factory=list)

    @property
    def deliveries(self) -> Path:
        return self.folder / "deliveries"

    def sql(self, service: str) -> psycopg.Connection:
        """The service's store as the superuser sees it, past every library of ours and past the proxy."""
        return self.postgres.connect(service)

    def dsn(self, service: str) -> str:
        """The service's store as its own role sees it, past the proxy."""
        password = provision.password_file(self.nats_server.secrets_dir, service).read_text(encoding="utf-8").strip()
        return make_conninfo(f"postgresql://{service}@127.0.0.1:{self.postgres.port}/{service}", password=password)

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[Client]:
        """NATS as its administrator, past the proxy."""
        access = NatsAccess(
            self.nats_server.url, nats.ADMIN, nats.password_file(self.nats_server.secrets_dir, nats.ADMIN)
        )
        client = await connect(access, "chaos")
        try:
            yield client
        finally:
            await client.close()

    async def make_streams(self) -> None:
        """What the platform does whenever its NATS server was started."""
        async with self.admin() as client:
            await topology.apply(client.jetstream())

    def services(self) -> list[Supervised]:
        return [copy for copies in self.copies.values() for copy in copies]


@asynccontextmanager
async def world(folder: Path, disk: Disk | None = None) -> AsyncIterator[World]:
    """The servers and two copies of each service; their data on ``disk`` if there is one."""
    var = (disk.mount if disk else folder) / "var"
    var.mkdir(mode=0o755)
    secrets_dir = folder / "secrets"
    ensure_platform_keys(secrets_dir)
    placement = place(var)
    async with AsyncExitStack() as stack:
        stack.callback(placement.release)
        ports = free_ports(2 + 2 * COPIES + COPIES)
        postgres = PostgresServer(placement, ports[0], secrets_dir / "postgres.superuser.password")
        await asyncio.to_thread(postgres.initialise)
        server = NatsServer(var / "nats", ports[1], secrets_dir)
        made = World(
            folder,
            postgres,
            server,
            disk,
            Supervised(postgres.process(), folder / "postgres.log"),
            Supervised(server.process(), folder / "nats.log"),
            await stack.enter_async_context(Proxy(ports[0]).serving()),
            await stack.enter_async_context(Proxy(ports[1]).serving()),
        )
        for supervised in (made.database, made.bus):
            stack.push_async_callback(supervised.stop)
        await asyncio.gather(made.database.start(), made.bus.start())
        await asyncio.to_thread(provision.provision, postgres.connect, secrets_dir, (PRODUCER, CONSUMER))
        await made.make_streams()
        try:
            await _start_services(made, stack, ports[2:])
            yield made
        except Exception as error:
            _quote(error, folder)
            raise


def _quote(error: Exception, folder: Path) -> None:
    """What the processes said last, for whoever reads the failure."""
    for log in sorted(folder.glob("*.log")):
        error.add_note(f"--- {log.name}\n{log.read_text(encoding='utf-8', errors='replace')[-_SHOWN:]}")


async def _start_services(made: World, stack: AsyncExitStack, ports: list[int]) -> None:
    made.http_ports = tuple(ports[2 * COPIES :])
    for index, service in enumerate((PRODUCER, CONSUMER)):
        made.copies[service] = []
        for copy in range(COPIES):
            health = ports[index * COPIES + copy]
            http = made.http_ports[copy] if service == PRODUCER else 0
            spec = ProcessSpec(
                name=f"{service}-{copy + 1}",
                argv=(sys.executable, "-m", "tests.chaos.backbone.serve", service),
                env=_environment(made, service, health, http),
                ready=http_ready(f"http://127.0.0.1:{health}/readyz"),
                cwd=_REPOSITORY,
            )
            supervised = Supervised(spec, made.folder / f"{spec.name}.log")
            made.copies[service].append(supervised)
            stack.push_async_callback(supervised.stop)
    await asyncio.gather(*(copy.start() for copy in made.services()))


def _environment(made: World, service: str, health: int, http: int) -> dict[str, str]:
    secrets_dir = made.nats_server.secrets_dir
    owner = provision.owner_role(service)
    database = f"127.0.0.1:{made.to_postgres.port}/{service}?connect_timeout=5"
    password = partial(provision.password_file, secrets_dir)
    return {
        **process_basics(os.environ),
        "YTEMPIRE_SERVICE": service,
        "YTEMPIRE_VAR": str(made.folder),
        "YTEMPIRE_DATABASE_URL": f"postgresql://{service}@{database}",
        "YTEMPIRE_DATABASE_PASSWORD_FILE": str(password(service)),
        "YTEMPIRE_OWNER_DATABASE_URL": f"postgresql://{owner}@{database}",
        "YTEMPIRE_OWNER_DATABASE_PASSWORD_FILE": str(password(owner)),
        "YTEMPIRE_NATS_URL": f"nats://127.0.0.1:{made.to_nats.port}",
        "YTEMPIRE_NATS_USER": service,
        "YTEMPIRE_NATS_PASSWORD_FILE": str(nats.password_file(secrets_dir, service)),
        "YTEMPIRE_HEALTH_PORT": str(health),
        "YTEMPIRE_HTTP_PORT": str(http),
        "YTEMPIRE_SECRETS_DIR": str(secrets_dir),
        "YTEMPIRE_ASSETS_DIR": str(made.folder),
        "YTEMPIRE_LOG_LEVEL": "WARNING",
        "YTEMPIRE_DELIVERIES": str(made.deliveries),
    }
