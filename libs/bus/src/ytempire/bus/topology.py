"""Streams, subjects and durables as data, and how a running server is brought to them.

One stream for each producer, no ids in subjects, partition as the last token:

``yt.<producer>.<Event>.v<major>.<partition>`` in stream ``EVT_<PRODUCER>``; signals in ``SIGNALS`` (memory, minutes of
age, last for each subject). Dead letters stay in the consumer's own database.

Nothing is removed on the way: what the code does not know is named, and removed only when asked for. A setting that the
server does not change in place (how a durable acknowledges, where a stream is stored) counts as a removal, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    ConsumerInfo,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from ytempire.events import SERVICES, Event, type_names
from ytempire.eventstore import PARTITIONS, Projection

MAX_MESSAGE_BYTES = 256 * 1024
"""Larger events are a mistake: media travels by reference."""

_EVENT_STREAM_BYTES = 1024**3
_DEDUPLICATION_S = 3600.0
_ACK_WAIT_S, _PENDING = 30.0, 64
_ORDERED_ACK_WAIT_S, _ORDERED_PENDING = 5.0, 1024


_STREAM = (
    "subjects",
    "retention",
    "storage",
    "discard",
    "max_bytes",
    "max_age",
    "max_msg_size",
    "max_msgs_per_subject",
    "duplicate_window",
    "allow_direct",
    "allow_atomic",
    "deny_delete",
    "description",
)
_DURABLE = ("filter_subjects", "deliver_policy", "ack_policy", "ack_wait", "max_ack_pending", "max_deliver")
_FIXED = {"retention", "storage", "deny_delete", "deliver_policy", "ack_policy"}
"""What the server does not change in place."""

Action = Literal["create", "update", "replace", "remove"]
_DONE: dict[Action, str] = {"create": "created", "update": "updated", "replace": "replaced", "remove": "removed"}


@dataclass(frozen=True, slots=True)
class Durable:
    """A consumer that the server remembers."""

    stream: str
    name: str
    filters: tuple[str, ...]
    ordered: bool = False
    """Whether one owner takes it in order and acknowledges batches; else several at a time, each by itself."""

    def config(self) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=self.name,
            name=self.name,
            ack_policy=AckPolicy.ALL if self.ordered else AckPolicy.EXPLICIT,
            deliver_policy=DeliverPolicy.ALL,
            ack_wait=_ORDERED_ACK_WAIT_S if self.ordered else _ACK_WAIT_S,
            max_ack_pending=_ORDERED_PENDING if self.ordered else _PENDING,
            max_deliver=-1,
            filter_subjects=list(self.filters),
        )


def stream_of(producer: str) -> str:
    return f"EVT_{producer.upper()}"


def subjects_of(event: type[Event], producer: str) -> list[str]:
    """Every version and every partition of one event by one producer."""
    return [f"yt.{producer}.{name}.*" for name in type_names(event)]


def streams() -> list[StreamConfig]:
    """Every stream of the platform."""
    events = [
        StreamConfig(
            name=stream_of(service),
            description=f"Public events of {service}, in the order of its store",
            subjects=[f"yt.{service}.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_bytes=_EVENT_STREAM_BYTES,
            max_msg_size=MAX_MESSAGE_BYTES,
            duplicate_window=_DEDUPLICATION_S,
            allow_direct=True,
            deny_delete=True,
            allow_atomic=True,
            # full means refused and alarmed, never the oldest forgotten: read models are rebuilt from the first message
            discard=DiscardPolicy.NEW,
        )
        for service in SERVICES
    ]
    signals = StreamConfig(
        name="SIGNALS",
        description="Heartbeats and progress: never stored, never audited",
        subjects=["signal.>"],
        storage=StorageType.MEMORY,
        max_age=300.0,
        max_msgs_per_subject=1,
        max_bytes=16 * 1024**2,
    )
    return [*events, signals]


def work_durables(service: str, events: Iterable[type[Event]]) -> list[Durable]:
    """For effects: the subscribed types only, unordered, many at a time."""
    by_producer: dict[str, list[str]] = {}
    for event in events:
        for producer in event.producers:
            if producer != service:
                by_producer.setdefault(producer, []).extend(subjects_of(event, producer))
    return [
        Durable(stream_of(producer), f"{service}__work__{producer}", tuple(sorted(filters)))
        for producer, filters in sorted(by_producer.items())
    ]


def projection_durables(service: str, producer: str) -> list[Durable]:
    """For read models: each partition of a producer's whole stream, in order."""
    return [
        Durable(
            stream_of(producer),
            f"{service}__projections__{producer}__{partition}",
            (f"yt.{producer}.*.*.{partition}",),
            ordered=True,
        )
        for partition in range(PARTITIONS)
    ]


def foreign_producers(service: str, projections: Iterable[Projection]) -> list[str]:
    """The other services whose logs a service's read models need."""
    return sorted({p for projection in projections for p in projection.producers(service)} - {service})


def durables(service: str, projections: Iterable[Projection], events: Iterable[type[Event]]) -> list[Durable]:
    """Every durable of a service, from its read models and the events it subscribes to."""
    ordered = [
        d for producer in foreign_producers(service, projections) for d in projection_durables(service, producer)
    ]
    return [*ordered, *work_durables(service, events)]


async def ensure(jetstream: JetStreamContext, durable: Durable) -> None:
    """Create a durable, or set it to what is wanted if it drifted."""
    await jetstream.add_consumer(durable.stream, durable.config())


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between what is wanted and what is there."""

    action: Action
    stream: str
    durable: str = ""
    details: tuple[str, ...] = ()
    """For an update, each setting with its value now and the wanted one."""
    wanted: StreamConfig | Durable | None = None

    @property
    def removes(self) -> bool:
        """Whether something that exists is deleted."""
        return self.action in ("replace", "remove")

    @property
    def name(self) -> str:
        return f"{self.stream}/{self.durable}" if self.durable else self.stream

    def __str__(self) -> str:
        return "\n".join([f"{self.action} {self.name}", *(f"    {detail}" for detail in self.details)])


async def plan(jetstream: JetStreamContext, durables: Sequence[Durable] | None = None) -> list[Change]:
    """What must change on the server so that it has every stream as it should be, and every one of ``durables``.

    :param durables: those of all services; None looks at streams only.
    """
    changes: list[Change] = []
    wanted = {str(stream.name): stream for stream in streams()}
    there = {str(info.config.name): info.config for info in await jetstream.streams_info()}
    for name, stream in wanted.items():
        if name not in there:
            changes.append(Change("create", name, wanted=stream))
        elif found := _differences(stream, there[name], _STREAM):
            changes.append(Change(_how(found), name, details=_told(found), wanted=stream))
    if durables is not None:
        for name in sorted(wanted.keys() & there.keys()):
            own = [durable for durable in durables if durable.stream == name]
            changes += _plan_durables(name, own, await jetstream.consumers_info(name))
        changes += [Change("create", d.stream, d.name, wanted=d) for d in durables if d.stream not in there]
    return [*changes, *(Change("remove", name) for name in sorted(there.keys() - wanted.keys()))]


def _plan_durables(stream: str, wanted: Iterable[Durable], infos: Iterable[ConsumerInfo]) -> list[Change]:
    # without a durable name it is somebody's throw-away reader
    there = {info.name: info.config for info in infos if info.config and info.config.durable_name}
    changes: list[Change] = []
    for durable in wanted:
        current = there.pop(durable.name, None)
        if current is None:
            changes.append(Change("create", stream, durable.name, wanted=durable))
        elif found := _differences(durable.config(), current, _DURABLE):
            changes.append(Change(_how(found), stream, durable.name, _told(found), durable))
    return [*changes, *(Change("remove", stream, name) for name in sorted(there))]


async def carry_out(jetstream: JetStreamContext, changes: Iterable[Change], *, remove: bool = False) -> list[str]:
    """Make good what differs.

    :param remove: also delete what the code does not know, and make anew what cannot be changed in place. A durable
        that is made anew reads its stream again; what was handled is skipped.
    :returns: what was done, and what was left, a line each.
    """
    done: list[str] = []
    for change in changes:
        if change.removes and not remove:
            done.append(f"left {change.name}: to {change.action} it, ask for removal")
            continue
        if change.removes:
            await _delete(jetstream, change)
        if change.wanted is not None:
            await _put(jetstream, change)
        done.append(f"{_DONE[change.action]} {change.name}")
    return done


def described(durables: Iterable[Durable]) -> dict[str, Any]:
    """Streams and durables with their settings, as plain data to be reviewed."""
    return {
        "streams": {str(s.name): {n: _plain(v) for n in _STREAM if _chosen(v := getattr(s, n))} for s in streams()},
        "durables": {
            f"{d.stream}/{d.name}": {n: _plain(v) for n in _DURABLE if _chosen(v := getattr(d.config(), n))}
            for d in sorted(durables, key=lambda d: (d.stream, d.name))
        },
    }


async def apply(jetstream: JetStreamContext) -> list[str]:
    """Create the streams that are missing and correct those that drifted.

    :returns: what was done, a line each.
    """
    unknown_is_fine = [change for change in await plan(jetstream) if change.action != "remove"]
    return await carry_out(jetstream, unknown_is_fine)


async def _put(jetstream: JetStreamContext, change: Change) -> None:
    if isinstance(change.wanted, Durable):
        await jetstream.add_consumer(change.stream, change.wanted.config())
    elif change.action == "update":
        await jetstream.update_stream(change.wanted)
    else:
        await jetstream.add_stream(change.wanted)


async def _delete(jetstream: JetStreamContext, change: Change) -> None:
    try:
        if change.durable:
            await jetstream.delete_consumer(change.stream, change.durable)
        else:
            await jetstream.delete_stream(change.stream)
    except NotFoundError:
        return


Difference = tuple[str, object, object]


def _differences(
    wanted: StreamConfig | ConsumerConfig, current: StreamConfig | ConsumerConfig, names: Iterable[str]
) -> list[Difference]:
    found: list[Difference] = []
    for name in names:
        target = getattr(wanted, name)
        if not _chosen(target):
            continue
        value = getattr(current, name)
        if name == "filter_subjects" and not value and isinstance(current, ConsumerConfig):
            value = [current.filter_subject] if current.filter_subject else []
        if value != target:
            found.append((name, value, target))
    return found


def _chosen(value: object) -> bool:
    """What is left at its default is the server's to choose."""
    return value not in (None, 0, -1, [])


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _how(differences: Iterable[Difference]) -> Action:
    return "replace" if any(name in _FIXED for name, _, _ in differences) else "update"


def _told(differences: Iterable[Difference]) -> tuple[str, ...]:
    return tuple(f"{name}: {_shown(value)} -> {_shown(target)}" for name, value, target in differences)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "unset" if value is None else str(_plain(value))
