"""Streams and subjects as data: one stream for each producer, no ids in subjects, partition as the last token.

``yt.<producer>.<Event>.v<major>.<partition>`` in stream ``EVT_<PRODUCER>``; signals in ``SIGNALS`` (memory, minutes of
age, last for each subject). Dead letters stay in the consumer's own database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
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


async def apply(jetstream: JetStreamContext) -> list[str]:
    """Create the streams that are missing and correct those that drifted.

    :returns: what was done, a line each.
    """
    done: list[str] = []
    for wanted in streams():
        assert wanted.name
        try:
            current = (await jetstream.stream_info(wanted.name)).config
        except NotFoundError:
            await jetstream.add_stream(wanted)
            done.append(f"created {wanted.name}")
            continue
        if _drifted(wanted, current):
            await jetstream.update_stream(wanted)
            done.append(f"updated {wanted.name}")
    return done


def _drifted(wanted: StreamConfig, current: StreamConfig) -> bool:
    names = (
        "subjects",
        "allow_atomic",
        "discard",
        "max_bytes",
        "max_msg_size",
        "duplicate_window",
        "description",
        "max_msgs_per_subject",
    )
    # what is left at its default is the server's to choose
    chosen = [n for n in names if getattr(wanted, n) not in (None, 0, -1)]
    return any(getattr(wanted, n) != getattr(current, n) for n in chosen)


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
