"""What was committed last, kept in memory for loops that would otherwise select what was just inserted: outbox rows for
the relay, events for read models and reactions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ytempire.eventstore.records import Recorded

_KEPT = 4096


_RECENT = 1024


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """What is told of one public event."""

    position: int
    event_id: str
    subject: str
    partition: int
    previous: int
    """Position of the row before it in its partition; 0 for the first."""
    body: bytes
    traceparent: str | None


class Feed:
    """A window over the end of the outbox, as far as this process wrote it itself.

    Taking consumes nothing: the reader says how far it has come. Rows that fell out of the window, and rows of another
    process, show as a gap, and the reader selects them.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._rows: deque[tuple[int, OutboxRow]] = deque(maxlen=kept)

    def offer(self, behind: int, rows: Iterable[OutboxRow]) -> None:
        """Add committed rows, the first of which follows the outbox row at position ``behind``."""
        for row in rows:
            self._rows.append((behind, row))
            behind = row.position

    def take(self, after: int, limit: int) -> list[OutboxRow] | None:
        """The rows behind a position, at most ``limit``, with nothing missing between.

        Empty where this process has told nothing behind it (another may have: select now and then), None where some
        are missing: select them.
        """
        newer: list[tuple[int, OutboxRow]] = []
        for entry in reversed(self._rows):
            if entry[1].position <= after:
                break
            newer.append(entry)
        taken: list[OutboxRow] = []
        while newer and len(taken) < limit:
            behind, row = newer[-1]
            if behind != after:
                return taken or None
            taken.append(row)
            after = row.position
            newer.pop()
        return taken


class Recent:
    """The newest events of the log, as far as this process wrote them itself."""

    def __init__(self, kept: int = _RECENT) -> None:
        self._kept = kept
        self._events: list[Recorded] = []

    def offer(self, events: Sequence[Recorded]) -> None:
        """Add committed events, in order."""
        for event in events:
            if self._events and event.position != self._events[-1].position + 1:
                # another process wrote between
                self._events.clear()
            self._events.append(event)
        if len(self._events) > 2 * self._kept:
            del self._events[: -self._kept]

    def take(self, after: int, limit: int) -> Sequence[Recorded] | None:
        """The events behind a position, at most ``limit``; see ``Feed.take``."""
        if not self._events or after > self._events[-1].position:
            return []
        start = after + 1 - self._events[0].position
        return self._events[start : start + limit] if start >= 0 else None
