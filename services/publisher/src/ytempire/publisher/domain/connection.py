"""A channel's connection: asked for, slot held, granted, connected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ytempire.events import Event
from ytempire.events.publisher import ChannelConnected, ChannelConnectionRejected, ChannelDisconnected
from ytempire.eventstore import Decider
from ytempire.publisher.domain.events import (
    ConnectionAsked,
    ConnectionSlotDenied,
    ConnectionSlotHeld,
    GrantKept,
)


@dataclass(frozen=True)
class Connection:
    asked: ConnectionAsked | None = None
    slot_held: bool = False
    denied: ConnectionSlotDenied | None = None
    grant: GrantKept | None = None
    connected: ChannelConnected | None = None
    over: bool = False
    """Refused or disconnected."""

    @property
    def ready(self) -> bool:
        return self.asked is not None and (self.slot_held or self.denied is not None)


@dataclass(frozen=True)
class Record:
    """A fact from outside, recorded once."""

    fact: Event


@dataclass(frozen=True)
class Refuse:
    code: str
    field: str
    message: str


Command = Record | Refuse


def decide(state: Connection, command: Command) -> Sequence[Event]:
    if isinstance(command, Refuse):
        return _refuse(state, command)
    fact = command.fact
    known = {
        ConnectionAsked: state.asked is not None,
        ConnectionSlotHeld: state.slot_held,
        ConnectionSlotDenied: state.denied is not None,
        GrantKept: state.grant is not None,
        ChannelConnected: state.connected is not None,
    }
    return [] if state.over or known.get(type(fact), False) else [fact]


def _refuse(state: Connection, command: Refuse) -> Sequence[Event]:
    if state.asked is None or state.connected is not None or state.over:
        return []
    return [
        ChannelConnectionRejected(
            channel_id=state.asked.channel_id,
            user_id=state.asked.user_id,
            code=command.code,
            field=command.field,
            message=command.message,
        )
    ]


def evolve(state: Connection, event: Event) -> Connection:
    match event:
        case ConnectionAsked():
            return replace(state, asked=event)
        case ConnectionSlotHeld():
            return replace(state, slot_held=True)
        case ConnectionSlotDenied():
            return replace(state, denied=event)
        case GrantKept():
            return replace(state, grant=event)
        case ChannelConnected():
            return replace(state, connected=event)
        case ChannelConnectionRejected() | ChannelDisconnected():
            return replace(state, over=True)
        case _:
            return state


CONNECTION: Decider[Connection, Command] = Decider(Connection, decide, evolve)


def stream(channel_id: str) -> str:
    return f"channel-{channel_id}"


def claim_stream(user_id: str, youtube_channel_id: str) -> str:
    """Exists once a YouTube channel belongs to a connection of the account."""
    return f"youtube-channel-{user_id}-{youtube_channel_id}"
