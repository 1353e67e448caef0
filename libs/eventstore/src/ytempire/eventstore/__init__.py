"""Append-only store, order, outbox, inbox, timers, projections, replay, audit."""

from ytempire.eventstore.context import MessageContext, current, handling
from ytempire.eventstore.decider import Decider
from ytempire.eventstore.delivery import Delivery, Handler, Handlers
from ytempire.eventstore.errors import (
    ChainBrokenError,
    PermanentError,
    RewindError,
    TransientError,
    UnitRefusedError,
    VersionConflictError,
)
from ytempire.eventstore.feed import Feed, OutboxRow
from ytempire.eventstore.findings import Check, LedgerCheck
from ytempire.eventstore.ids import derived_id, new_id
from ytempire.eventstore.leases import LEASE_S, Leases
from ytempire.eventstore.memory import MemoryStore
from ytempire.eventstore.projection import Projection, Writing
from ytempire.eventstore.protocol import Store
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.records import (
    NO_STREAM,
    PARTITIONS,
    Arrived,
    Claim,
    Committed,
    Mark,
    Recorded,
    StreamAppend,
    Timer,
    Unit,
    partition_of,
)
from ytempire.eventstore.statements import put
from ytempire.eventstore.store import EventStore
from ytempire.eventstore.workers import Reaction

__all__ = [
    "LEASE_S",
    "NO_STREAM",
    "PARTITIONS",
    "Arrived",
    "ChainBrokenError",
    "Check",
    "Claim",
    "Committed",
    "Decider",
    "Delivery",
    "EventStore",
    "Feed",
    "Handler",
    "Handlers",
    "Leases",
    "LedgerCheck",
    "Mark",
    "MemoryStore",
    "MessageContext",
    "OutboxRow",
    "PermanentError",
    "Projection",
    "Reaction",
    "ReadModels",
    "Recorded",
    "RewindError",
    "Store",
    "StreamAppend",
    "Timer",
    "TransientError",
    "Unit",
    "UnitRefusedError",
    "VersionConflictError",
    "Writing",
    "current",
    "derived_id",
    "handling",
    "new_id",
    "partition_of",
    "put",
]
