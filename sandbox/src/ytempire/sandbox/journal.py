"""The request journal: what was asked of each provider, and what it cost. An independent bill to check against."""

import json
from typing import Any

from starlette.requests import Request

from ytempire.sandbox.clock import VirtualClock, rfc3339
from ytempire.sandbox.store import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, wall TEXT NOT NULL, provider TEXT NOT NULL,
    method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, cost_micros INTEGER, detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS journal_provider ON journal (provider, seq);
"""
MOST = 10_000


def note(request: Request, *, cost_micros: int | None = None, **detail: Any) -> None:
    """Let the middleware write this detail (and cost, micro-USD) beside the request it records anyway.

    Never pass secrets, tokens, card numbers or whole bodies.
    """
    state = request.state
    state.journal_detail = {**getattr(state, "journal_detail", {}), **detail}
    if cost_micros is not None:
        state.journal_cost = getattr(state, "journal_cost", 0) + cost_micros


class Journal:
    """Append-only list of requests, webhooks and mails.

    Requests under a provider's prefix are recorded by the middleware; a router calls :func:`note`
    to add to that line and :meth:`record` only for what is not an HTTP request of a client.
    """

    def __init__(self, database: Database, clock: VirtualClock) -> None:
        self._db, self._clock = database, clock
        database.script(SCHEMA)

    def record(
        self,
        provider: str,
        method: str,
        path: str,
        status: int,
        cost_micros: int | None = None,
        detail: dict[str, Any] | None = None,
    ) -> int:
        """Append one line and return its sequence number; ``cost_micros`` is in micro-USD."""
        clock = self._clock
        rows = self._db.execute(
            "INSERT INTO journal (at, wall, provider, method, path, status, cost_micros, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq",
            rfc3339(clock.now()), rfc3339(clock.wall()), provider, method, path, status, cost_micros,
            json.dumps(detail or {}),
        )  # fmt: skip
        return int(rows[0]["seq"])

    def query(
        self, provider: str | None = None, since: int = 0, method: str | None = None, limit: int = MOST
    ) -> list[dict[str, Any]]:
        """Lines after sequence number ``since``, oldest first."""
        sql, values = "SELECT * FROM journal WHERE seq > ?", [since]
        filters: dict[str, Any] = {"provider": provider, "method": method}
        for column, value in filters.items():
            if value is not None:
                sql += f" AND {column} = ?"
                values.append(value)
        rows = self._db.execute(f"{sql} ORDER BY seq LIMIT ?", *values, min(limit, MOST))
        return [{**dict(row), "detail": json.loads(row["detail"])} for row in rows]

    def last(self, limit: int = 100) -> list[dict[str, Any]]:
        """The newest lines, newest first."""
        rows = self._db.execute("SELECT * FROM journal ORDER BY seq DESC LIMIT ?", limit)
        return [{**dict(row), "detail": json.loads(row["detail"])} for row in rows]

    def bill(self) -> dict[str, int]:
        """Sum of costs by provider, micro-USD."""
        rows = self._db.execute(
            "SELECT provider, SUM(cost_micros) AS cost FROM journal WHERE cost_micros IS NOT NULL "
            "GROUP BY provider ORDER BY provider"
        )
        return {row["provider"]: int(row["cost"]) for row in rows}

    def counts(self) -> dict[str, int]:
        """Number of lines by provider."""
        rows = self._db.execute("SELECT provider, COUNT(*) AS n FROM journal GROUP BY provider ORDER BY provider")
        return {row["provider"]: int(row["n"]) for row in rows}

    def clear(self) -> None:
        """Forget every line."""
        self._db.execute("DELETE FROM journal")
