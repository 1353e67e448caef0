"""Every durable of every service, read from the services' wiring without starting anything."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from ytempire.bus.topology import Durable, durables
from ytempire.cli.stores import projections_of
from ytempire.events import SERVICES, Event
from ytempire.events.platform import LogHeadSealed

HEARD_BY_ALL: tuple[type[Event], ...] = (LogHeadSealed,)
"""What the process of every service subscribes to beside its own subscriptions."""


class _Feature:
    """Stands where a feature is passed in; its handlers are looked at by their keys and never called."""

    def __getattr__(self, name: str) -> _Feature:
        return self


def subscribed(service: str) -> list[type[Event]]:
    """Every event a service's work consumers ask for."""
    subscriptions: Any = importlib.import_module(f"ytempire.{service}.subscribers").subscriptions
    features = (_Feature() for _ in inspect.signature(subscriptions).parameters)
    return [*subscriptions(*features), *HEARD_BY_ALL]


def every_durable() -> list[Durable]:
    """Of all services, in their order."""
    return [d for service in SERVICES for d in durables(service, projections_of(service), subscribed(service))]
