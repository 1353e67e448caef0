"""The real gateway process on real PostgreSQL and NATS; the other services are stores and relays that act by rules."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from nacl.public import PrivateKey

from ytempire.bus import NatsAccess, Relay, connect, topology
from ytempire.chassis import Opener, Sealer
from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.ports import free_ports
from ytempire.cli.testing import make_service_database, running_nats
from ytempire.events import SERVICES, Envelope, Event
from ytempire.eventstore import Claim, EventStore, MessageContext, handling, new_id
from ytempire.eventstore.schema import create_event_store
from ytempire.eventstore.tasks import end as ended

API = "/api/v1"
WEBHOOK_SECRET = "whsec_for_tests"
Rule = Callable[["World", Any, Envelope], list[tuple[str, list[Event]]]]
"""What an intent leads to: events by service."""


@dataclass
class World:
    """The other services: their stores, and what they know."""

    sealer: Sealer
    stores: dict[str, EventStore] = field(default_factory=dict)
    openers: dict[str, Opener] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    """User by digest of the verification token."""
    addresses: dict[str, str] = field(default_factory=dict)
    """User by digest of their address."""
    opened: list[dict[str, Any]] = field(default_factory=list)
    invited: dict[str, tuple[str, str, Any]] = field(default_factory=dict)
    """Account, invitation and role by digest of the invitation's token: ``invitation-of-<address>``."""
    members: set[tuple[str, str]] = field(default_factory=set)
    """Account and person."""

    async def say(self, service: str, stream: str, *events: Event, tenant: str | None = None) -> None:
        """Append what a service would say of its own accord."""
        with handling(MessageContext(tenant=tenant or "platform")):
            await self.stores[service].append(stream, *events)


@dataclass
class Platform:
    url: str
    world: World
    nats: NatsAccess
    gateway_dsn: str
    log: Path
    secrets_dir: Path
    assets_dir: Path

    def meta(self, event_id: str) -> Any:
        """Whom a recorded event concerns, and who asked."""
        with psycopg.connect(self.gateway_dsn) as connection:
            row = connection.execute("select meta from es.events where event_id = %s", [event_id]).fetchone()
        assert row is not None
        return row[0]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, timeout=20)


def make_secrets(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("gateway.jwt.key", "gateway.digest.key", "gateway.kek.key", "gateway.audit.key", "assets.sign.key"):
        (folder / name).write_bytes(base64.b64encode(os.urandom(32)))
    for service in ("gateway", "onboarding", "billing", "publisher", "support", "analytics"):
        key = PrivateKey.generate()
        (folder / f"{service}.seal.key").write_bytes(base64.b64encode(bytes(key)))
        (folder / f"{service}.seal.pub").write_bytes(base64.b64encode(bytes(key.public_key)))
    (folder / "stripe.webhook.secret").write_text(WEBHOOK_SECRET)


@pytest.fixture(scope="session")
async def platform(
    pg_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory, gateway_rules: dict[type[Event], Rule]
) -> AsyncIterator[Platform]:
    var = tmp_path_factory.mktemp("gateway")
    secrets_dir, pg_secrets = var / "secrets", pg_server.superuser_password_file.parent
    make_secrets(secrets_dir)
    databases = {name: make_service_database(pg_server, pg_secrets, name) for name in SERVICES}
    async with AsyncExitStack() as stack:
        server = stack.enter_context(running_nats(var, secrets_dir))
        admin_password = secrets_dir / "nats.admin.password"
        admin = await connect(NatsAccess(server.url, "admin", admin_password), "admin")
        stack.push_async_callback(admin.close)
        await topology.apply(admin.jetstream())
        openers = {n: Opener(secrets_dir, n) for n in ("onboarding", "billing", "publisher", "support")}
        world = World(Sealer(secrets_dir), openers=openers)
        for name, database in databases.items():
            if name == "gateway":
                continue
            with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
                create_event_store(connection, application_role=name, database=database.name)
            store = EventStore(name, database.dsn, lambda: datetime.now(UTC))
            await store.open()
            stack.push_async_callback(store.close)
            world.stores[name] = store
            client = await connect(NatsAccess(server.url, name, secrets_dir / f"nats.{name}.password"), name)
            stack.push_async_callback(client.close)
            _background(stack, Relay(store, client).run())
        _background(stack, _act(world, admin.jetstream(), gateway_rules))
        port, health = free_ports(2)
        database = databases["gateway"]
        assets = var / "assets"
        assets.mkdir()
        environment = {
            **os.environ,
            "YTEMPIRE_SERVICE": "gateway",
            "YTEMPIRE_VAR": str(var),
            "YTEMPIRE_DATABASE_URL": database.url,
            "YTEMPIRE_DATABASE_PASSWORD_FILE": str(database.password_file),
            "YTEMPIRE_OWNER_DATABASE_URL": database.owner_url,
            "YTEMPIRE_OWNER_DATABASE_PASSWORD_FILE": str(database.owner_password_file),
            "YTEMPIRE_NATS_URL": server.url,
            "YTEMPIRE_NATS_USER": "gateway",
            "YTEMPIRE_NATS_PASSWORD_FILE": str(secrets_dir / "nats.gateway.password"),
            "YTEMPIRE_HEALTH_PORT": str(health),
            "YTEMPIRE_HTTP_PORT": str(port),
            "YTEMPIRE_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "YTEMPIRE_SECRETS_DIR": str(secrets_dir),
            "YTEMPIRE_ASSETS_DIR": str(assets),
            "YTEMPIRE_STRIPE_WEBHOOK_SECRET_FILE": str(secrets_dir / "stripe.webhook.secret"),
            "YTEMPIRE_GOOGLE_CLIENT_ID": "client",
            "YTEMPIRE_ANSWER_WAIT_S": "3",
            "YTEMPIRE_BODY_S": "3",
            "YTEMPIRE_WRITES_PER_S": "1000",
            "YTEMPIRE_WRITE_BURST": "1000",
            "YTEMPIRE_SIGN_UPS_PER_MINUTE": "2000",
        }
        log = var / "gateway.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ytempire.gateway", env=environment, stdout=output, stderr=output
            )
        url = f"http://127.0.0.1:{port}"
        try:
            await _until_ready(url, process, log)
            access = NatsAccess(server.url, "media", secrets_dir / "nats.media.password")
            yield Platform(url, world, access, database.dsn, log, secrets_dir, assets)
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 15)


def _background(stack: AsyncExitStack, loop: Any) -> None:
    task = asyncio.ensure_future(loop)

    async def end() -> None:
        await ended([task])

    stack.push_async_callback(end)


async def _act(world: World, jetstream: Any, rules: dict[type[Event], Rule]) -> None:
    subscription = await jetstream.subscribe("yt.gateway.>", ordered_consumer=True)
    by_type = {model.type_name(): rule for model, rule in rules.items()}
    async for message in subscription.messages:
        envelope = Envelope.model_validate_json(message.data)
        rule = by_type.get(envelope.type)
        if rule is None:
            continue
        for service, events in rule(world, envelope.event(), envelope):
            with handling(MessageContext.of(envelope)):
                await world.stores[service].append(
                    envelope.subject, *events, claim=Claim("test", f"{envelope.id}:{service}")
                )


async def _until_ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = time.monotonic() + 60
    async with httpx.AsyncClient() as client:
        while time.monotonic() < deadline and process.returncode is None:
            try:
                if (await client.get(f"{url}/readyz")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
    pytest.fail(f"the gateway did not start:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text()[-4000:]


@dataclass
class Person:
    """A customer with a browser."""

    platform: Platform
    http: httpx.AsyncClient
    email: str
    user_id: str = ""
    tokens: dict[str, Any] = field(default_factory=dict)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(API + path, **options)

    async def post(self, path: str, body: Any = None, key: str | None = None, **options: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key or new_id(), **options.pop("headers", {})}
        return await self.http.post(API + path, json=body, headers=headers, **options)

    async def until(self, path: str, met: Callable[[Any], bool], seconds: float = 10) -> Any:
        """Read a path until what it says is so."""
        deadline = time.monotonic() + seconds
        while True:
            answered = await self.get(path)
            if answered.status_code == 200 and met(answered.json()):
                return answered.json()
            if time.monotonic() > deadline:
                pytest.fail(f"{path} stayed {answered.status_code} {answered.text[:1500]}")
            await asyncio.sleep(0.05)


PASSWORD = "correct horse 7 battery"


@pytest.fixture
async def stranger(platform: Platform) -> AsyncIterator[Person]:
    async with platform.client() as http:
        yield Person(platform, http, f"{new_id()}@example.com")


@pytest.fixture
async def new_person(platform: Platform) -> AsyncIterator[Callable[[], Any]]:
    """`await new_person()` is somebody who signed up, verified and logged in."""
    async with AsyncExitStack() as stack:

        async def make() -> Person:
            http = await stack.enter_async_context(platform.client())
            person = Person(platform, http, f"p{new_id()}@example.com")
            await sign_up(person)
            await log_in(person)
            return person

        yield make


async def sign_up(person: Person) -> None:
    answered = await person.post("/auth/signup", {"email": person.email, "full_name": "Mara Okafor"})
    assert answered.status_code == 202, answered.text
    token = f"token-of-{person.email}"
    for _ in range(200):
        if token_digest(token) in person.platform.world.tokens:
            break
        await asyncio.sleep(0.02)
    verified = await person.post("/auth/verify", {"token": token, "password": PASSWORD})
    assert verified.status_code == 200, verified.text
    person.user_id = verified.json()["user_id"]


async def log_in(person: Person) -> None:
    answered = await person.http.post(f"{API}/auth/login", json={"email": person.email, "password": PASSWORD})
    assert answered.status_code == 200, answered.text
    person.tokens = answered.json()
    person.http.headers["Authorization"] = f"Bearer {person.tokens['access_token']}"


def token_digest(token: str) -> str:
    import hashlib

    return hashlib.sha256(token.encode()).hexdigest()


@pytest.fixture
async def person(new_person: Callable[[], Any]) -> Person:
    return await new_person()


async def join(owner: Any, person: Any, role: str) -> None:
    """Invite somebody and let them accept."""
    invited = await owner.post("/members/invitations", {"email": person.email, "role": role})
    assert invited.status_code == 201, invited.text
    accepted = await person.post("/invitations/accept", {"token": f"invitation-of-{person.email}"})
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["account_id"] == owner.user_id
    assert accepted.json()["role"] == role


@dataclass
class Team:
    owner: Any
    member: Any
    accountant: Any
    stranger: Any

    join = staticmethod(join)

    def acting(self, role: str) -> tuple[Any, dict[str, str]]:
        """Who has the role, and the header by which they act on the owner's account."""
        return getattr(self, role), {"Ytempire-Account": self.owner.user_id}


@pytest.fixture
async def team(new_person: Callable[[], Any]) -> Team:
    people = Team(*[await new_person() for _ in range(4)])
    await join(people.owner, people.member, "member")
    await join(people.owner, people.accountant, "accountant")
    return people


@pytest.fixture(scope="session")
def gateway_rules() -> dict[type[Event], Rule]:
    return {**_rules("gateway_rules"), **_rules("gateway_member_rules")}


def _rules(name: str) -> dict[type[Event], Rule]:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(f"{name}_of_tests", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.RULES
