"""Health of the platform: which services are silent, and the alert that follows. Says something only on a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ytempire.events import SERVICES, Event
from ytempire.events.support import AlertRaised, AlertResolved, HealthChanged
from ytempire.eventstore import Decider

WARNING_FROM_PERCENT = 80
"""Down to this share of healthy services an alert is a warning; below it is critical (guide 5.2)."""

STREAM = "health"


@dataclass(frozen=True)
class Health:
    """Before anything was seen every service counts as healthy."""

    unhealthy: tuple[str, ...] = ()
    alert: AlertRaised | None = None


@dataclass(frozen=True)
class Observe:
    """Which services gave no sign of life.

    :param alert_id: id of the alert this may raise.
    """

    silent: frozenset[str]
    alert_id: str


def healthy_percent(unhealthy: Sequence[str]) -> int:
    return round(100 * (len(SERVICES) - len(unhealthy)) / len(SERVICES))


def level_of(percent: int) -> str | None:
    """Level of the alert for a share of healthy services; None for all of them."""
    if percent >= 100:
        return None
    return "warning" if percent >= WARNING_FROM_PERCENT else "critical"


def decide(state: Health, command: Observe) -> Sequence[Event]:
    unhealthy = tuple(service for service in SERVICES if service in command.silent)
    if unhealthy == state.unhealthy:
        return []
    percent = healthy_percent(unhealthy)
    return [HealthChanged(healthy_percent=percent, unhealthy=unhealthy), *_alerts(state, percent, unhealthy, command)]


def _alerts(state: Health, percent: int, unhealthy: tuple[str, ...], command: Observe) -> Sequence[Event]:
    level = level_of(percent)
    if state.alert is not None and level == state.alert.level:
        return []
    events: list[Event] = []
    if state.alert is not None:
        events.append(AlertResolved(alert_id=state.alert.alert_id))
    if level is not None:
        names = ", ".join(unhealthy)
        message = f"Platform health is at {percent} %: no sign of life from {names}. Look at the log of each."
        events.append(AlertRaised(alert_id=command.alert_id, level=level, message=message))
    return events


def evolve(state: Health, event: Event) -> Health:
    match event:
        case HealthChanged(unhealthy=unhealthy):
            return replace(state, unhealthy=unhealthy)
        case AlertRaised():
            return replace(state, alert=event)
        case AlertResolved():
            return replace(state, alert=None)
        case _:
            return state


HEALTH: Decider[Health, Observe] = Decider(Health, decide, evolve)
