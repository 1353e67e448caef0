"""State of the stand-ins: JSON documents by kind and id, kept in SQLite so that it survives a restart."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Documents = list[dict[str, Any]]

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE TABLE IF NOT EXISTS counters (prefix TEXT PRIMARY KEY, last INTEGER NOT NULL);
"""


class Database:
    """One SQLite connection shared by store, journal and schedule; safe to use from several threads."""

    def __init__(self, path: Path | str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.RLock()
        self._depth = 0
        # A killed process loses nothing in WAL mode; only a power cut could, and the sandbox need not survive that.
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute("PRAGMA cache_size=-2000")

    def script(self, sql: str) -> None:
        """Run several statements, for instance a schema."""
        with self._lock:
            self._connection.executescript(sql)

    def execute(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Run one statement and return all its rows."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept together or not at all; may be nested."""
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()


class Store:
    """Documents of the stand-ins, by kind (``stripe.customer``) and id, in order of first insertion."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.script(SCHEMA)

    def get(self, kind: str, id: str) -> dict[str, Any] | None:
        """The document, or None; a changed copy must be written back with :meth:`put`."""
        rows = self._db.execute("SELECT doc FROM items WHERE kind = ? AND id = ?", kind, id)
        return dict(json.loads(rows[0]["doc"])) if rows else None

    def put(self, kind: str, id: str, doc: dict[str, Any]) -> None:
        """Insert or replace a document; it keeps its place in :meth:`list`."""
        self._db.execute(
            "INSERT INTO items (kind, id, doc) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc",
            kind, id, json.dumps(doc),
        )  # fmt: skip

    def list(self, kind: str, **equals: Any) -> Documents:
        """Documents of a kind whose fields equal the given values, oldest first; ``a__b`` means field b of a."""
        sql, values = "SELECT doc FROM items WHERE kind = ?", [kind]
        for name, value in equals.items():
            sql += " AND json_extract(doc, ?) IS ?"
            values += ["$." + ".".join(f'"{part}"' for part in name.split("__")), value]
        return [json.loads(row["doc"]) for row in self._db.execute(sql + " ORDER BY seq", *values)]

    def delete(self, kind: str, id: str) -> bool:
        """Remove a document; False if there was none."""
        return bool(self._db.execute("DELETE FROM items WHERE kind = ? AND id = ? RETURNING seq", kind, id))

    def next_id(self, prefix: str) -> str:
        """A new id such as ``cus_000001``; never handed out twice, not even after a restart."""
        rows = self._db.execute(
            "INSERT INTO counters (prefix, last) VALUES (?, 1) "
            "ON CONFLICT (prefix) DO UPDATE SET last = last + 1 RETURNING last",
            prefix,
        )
        return f"{prefix}{rows[0]['last']:06d}"

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Writes inside are kept together or not at all."""
        with self._db.transaction():
            yield

    def clear(self) -> None:
        """Forget every document; ids are still not reused."""
        self._db.execute("DELETE FROM items")
