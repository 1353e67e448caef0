"""What the tests of services share: one sandbox for the session, a clock that moves with it, keys, running services."""

from __future__ import annotations

import base64
import secrets
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings as hypothesis_settings
from nacl.public import PrivateKey

from ytempire.chassis.host import AnyDefinition
from ytempire.chassis.testing import Bench, ManualClock, running, settings_of
from ytempire.cli.testing import NatsAccess, ServiceDatabase, ServiceDatabaseFactory
from ytempire.events import SERVICES
from ytempire.sandbox.process import Addresses, SandboxProcess

_KEYS = ("onboarding.kek.key", "publisher.kek.key", "analytics.kek.key", "support.kek.key", "assets.sign.key")
_PROVIDERS = {
    "openai.key": "sk-sandbox",
    "stripe.key": "sk_test_sandbox",
    "google.client.secret": "sandbox-secret",
    "awin.token": "sandbox-awin-token",
}

# no deadline: how long an example takes is the machine's affair
hypothesis_settings.register_profile("services", max_examples=50, deadline=None)
hypothesis_settings.load_profile("services")


@dataclass
class Outside:
    """The sandbox, and the business clock that moves with it."""

    addresses: Addresses
    web: httpx.Client
    clock: ManualClock = field(default_factory=ManualClock)

    @property
    def url(self) -> str:
        return self.addresses.base_url

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        """Move the sandbox, which does everything due on the way, and then the clock of the services."""
        answer = self.web.post("/control/clock", json={"advance_seconds": days * 86_400 + seconds})
        self.clock.offset = timedelta(seconds=answer.raise_for_status().json()["offset_seconds"])

    def fault(self, provider: str, action: str, **more: object) -> None:
        self.web.post("/control/faults", json={"provider": provider, "action": action, **more}).raise_for_status()

    def mark(self) -> int:
        """Number of the last line of the journal."""
        lines = self.web.get("/control/journal", params={"limit": 10_000}).json()
        return int(lines[-1]["seq"]) if lines else 0

    def journal(self, provider: str, since: int = 0) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = self.web.get(
            "/control/journal", params={"provider": provider, "since": since, "limit": 10_000}
        ).json()
        return lines


@pytest.fixture(scope="session")
def outside_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with SandboxProcess(
        tmp_path_factory.mktemp("sandbox"), awin_calls_per_minute="10000", google_processing_seconds="0.4"
    ) as addresses:
        trust = ssl.create_default_context(cafile=addresses.ca)
        with httpx.Client(base_url=addresses.base_url, verify=trust, timeout=60) as web:
            yield Outside(addresses, web)


@pytest.fixture
def outside(outside_world: Outside) -> Iterator[Outside]:
    """The session's sandbox, without the faults of earlier tests."""
    yield outside_world
    outside_world.web.delete("/control/faults")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A secrets folder with every service's keys and the providers' fixed ones."""
    folder = tmp_path_factory.mktemp("keys")
    for service in SERVICES:
        private = PrivateKey.generate()
        (folder / f"{service}.seal.key").write_bytes(base64.b64encode(bytes(private)))
        (folder / f"{service}.seal.pub").write_bytes(base64.b64encode(bytes(private.public_key)))
    for name in _KEYS:
        (folder / name).write_bytes(base64.b64encode(secrets.token_bytes(32)))
    for name, value in _PROVIDERS.items():
        (folder / name).write_text(value + "\n")
    return folder


RunService = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture
def run_service(
    service_database: ServiceDatabaseFactory, nats_server: NatsAccess, outside: Outside, keys: Path, tmp_path: Path
) -> RunService:
    """``async with run_service(DEFINITION) as bench:`` runs a service on a fresh database against the sandbox.

    A second time in one test it is the same database, as after a crash; ``react=False`` leaves out the reactions.
    """
    databases: dict[str, ServiceDatabase] = {}

    def run(definition: AnyDefinition, *, react: bool = True) -> AbstractAsyncContextManager[Bench]:
        own = {
            "ca_bundle": outside.addresses.ca,
            "stripe_url": f"{outside.url}/stripe",
            "stripe_key_file": keys / "stripe.key",
            "google_token_url": f"{outside.url}/google/oauth/token",
            "google_client_id": "sandbox-client",
            "google_client_secret_file": keys / "google.client.secret",
            "youtube_url": f"{outside.url}/youtube/",
            "youtube_analytics_url": f"{outside.url}/youtubeanalytics/",
            "openai_url": f"{outside.url}/openai/v1",
            "openai_key_file": keys / "openai.key",
            "awin_url": f"{outside.url}/awin",
            "awin_publisher_id": "110011",
            "awin_token_file": keys / "awin.token",
        }
        database = databases.get(definition.name) or service_database(definition.name)
        databases[definition.name] = database
        settings = settings_of(
            definition, database=database, nats=nats_server, secrets_dir=keys, folder=tmp_path, **own
        )
        return running(definition, settings, outside.clock, react=react)

    return run
