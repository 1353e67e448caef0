"""What a service is made of, and the parts its process gives it."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from nats.aio.client import Client
from nats.js import JetStreamContext
from starlette.types import ASGIApp

from ytempire.chassis.clock import Clock
from ytempire.chassis.sealing import Opener, Sealer
from ytempire.chassis.settings import ServiceSettings
from ytempire.events import type_names
from ytempire.eventstore import EventStore, Handlers, Projection, Reaction, ReadModels
from ytempire.eventstore.findings import LedgerCheck

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def _never_busy() -> bool:
    return False


@dataclass(frozen=True)
class Service:
    """What a service's ``bootstrap.build`` returns."""

    subscriptions: Handlers = field(default_factory=dict)
    """Foreign events and what they lead to."""
    reactions: Sequence[Reaction] = ()
    """Own events and the effects that follow them."""
    background: Sequence[Callable[[], Awaitable[None]]] = ()
    """Loops that run beside, until cancelled."""
    http: ASGIApp | None = None
    """A public application (the gateway's)."""
    http_port: int = 0
    busy: Callable[[], bool] = _never_busy
    """Whether work is under way that no consumer knows of."""

    @property
    def reacted(self) -> frozenset[str]:
        """Names of the own events that something follows from."""
        return frozenset(
            name for reaction in self.reactions for event in reaction.handlers for name in type_names(event)
        )


@dataclass(frozen=True)
class Host(Generic[SettingsT]):
    """The parts a service is wired from."""

    settings: SettingsT
    clock: Clock
    store: EventStore
    models: ReadModels
    nats: Client
    jetstream: JetStreamContext
    tls: ssl.SSLContext
    """Trusts the system's roots and the configured CA bundle."""

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.settings.secrets_dir)

    @property
    def opener(self) -> Opener:
        return Opener(self.settings.secrets_dir, self.settings.service)


@dataclass(frozen=True)
class Definition(Generic[SettingsT]):
    """How to start a service: its name, settings, read models and wiring."""

    name: str
    settings: type[SettingsT]
    projections: Sequence[Projection]
    build: Callable[[Host[SettingsT]], Awaitable[Service]]
    package_file: str
    """``__file__`` of the service's package: its migrations lie beside ``src``."""
    ledgers: Sequence[LedgerCheck] = ()
    """What must balance in its log, for the audit."""


AnyDefinition = Definition[Any]
