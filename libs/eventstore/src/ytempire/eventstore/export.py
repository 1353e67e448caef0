"""Logs as files that anybody can verify without this software: JSON lines with hashes, and a manifest."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ytempire.eventstore.audit import log_rows
from ytempire.eventstore.encode import row_hash
from ytempire.eventstore.findings import Audit
from ytempire.eventstore.store import EventStore
from ytempire.eventstore.witnesses import HEADS, Said, judge, last_position, said_at

FORMAT = "ytempire-log/1"
MANIFEST = "manifest.json"
_FIELDS = ("position", "stream", "version", "id", "type", "time", "data", "meta")
Progress = Callable[[str, int, int], None]


class ExportError(Exception):
    """A folder that cannot be written to, or holds no complete export; the message says what to do."""


async def write_export(
    stores: Sequence[EventStore], keys: Mapping[str, Sequence[bytes]], folder: Path, progress: Progress
) -> Path:
    """Write every log up to its end to ``folder``; the manifest comes last, so what has one is complete.

    :raises ExportError: if there is something in the folder already.
    """
    _prepare(folder)
    # what a log says of another one up to here was said of events that the other one exports
    seen = {store.service: await last_position(store) for store in stores}
    ends = {store.service: await last_position(store) for store in stores}
    services = {}
    for store in stores:
        written = await _write_log(store, folder / f"{store.service}.jsonl", ends[store.service], progress)
        services[store.service] = {
            **written,
            "witnesses_to": seen[store.service],
            "keys": [base64.b64encode(key).decode() for key in keys[store.service]],
        }
    manifest = folder / MANIFEST
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    text = json.dumps({"format": FORMAT, "made_at": made_at, "services": services}, indent=2)
    manifest.write_text(text + "\n", encoding="utf-8")
    return manifest


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ExportError(f"{folder} is not empty: name a folder that is new or empty.")


async def _write_log(store: EventStore, file: Path, end: int, progress: Progress) -> dict[str, Any]:
    digest, events, hash_ = hashlib.sha256(), 0, bytes(32).hex()
    with file.open("wb") as out:
        async with store.pool.connection() as connection, connection.transaction():
            await connection.execute("set transaction isolation level repeatable read read only")
            async for page in log_rows(connection, end):
                for row in page:
                    hash_ = row.hash.hex()
                    values = (*row.place, row.data, row.meta)
                    line = orjson.dumps({**dict(zip(_FIELDS, values, strict=True)), "hash": hash_}) + b"\n"
                    out.write(line)
                    digest.update(line)
                events += len(page)
                progress(store.service, events, max(end, events))
    return {"file": file.name, "sha256": digest.hexdigest(), "events": events, "head": hash_}


@dataclass(frozen=True, slots=True)
class _Export:
    folder: Path
    services: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, Sequence[bytes]]

    def lines(self, service: str) -> Iterator[bytes]:
        file = self.folder / self.services[service]["file"]
        if not file.is_file():
            raise ExportError(f"{file} is missing: the manifest names it. Export again.")
        with file.open("rb") as lines:
            yield from lines


def verify_export(folder: Path, progress: Progress) -> list[Audit]:
    """Check an export with nothing but its files: sums, positions, chains, versions, witnessed heads.

    :raises ExportError: if the folder holds no complete export.
    """
    export = _open(folder)
    audits = {service: Audit(service) for service in export.services}
    said: dict[str, list[Said]] = defaultdict(list)
    for audit in audits.values():
        audit.looks_at("positions", "chain", "versions", "head", "heads")
        for entry in _read(export, audit, progress):
            said[entry.head.service].append(entry)
    for service, audit in audits.items():
        wanted = {entry.head.position for entry in said[service]}
        judge(audit, said[service], _hashes_at(export, service, wanted), audit.last_position, list(audits))
    return list(audits.values())


def _open(folder: Path) -> _Export:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        services = manifest["services"]
        keys = {name: [base64.b64decode(key) for key in entry["keys"]] for name, entry in services.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{folder} holds no complete export: its {MANIFEST} cannot be read. Export again.") from error
    if manifest.get("format") != FORMAT:
        raise ExportError(f"{folder} is in the form {manifest.get('format')}, this release reads {FORMAT}.")
    return _Export(folder, services, keys)


def _read(export: _Export, audit: Audit, progress: Progress) -> Iterator[Said]:
    entry, digest = export.services[audit.service], hashlib.sha256()
    previous, position = bytes(32), 0
    versions: dict[str, int] = {}
    for line in export.lines(audit.service):
        digest.update(line)
        position += 1
        try:
            row = orjson.loads(line)
            values = [row[name] for name in _FIELDS]
            kept = bytes.fromhex(row["hash"])
        except (ValueError, KeyError, TypeError):
            audit.find("chain", position, f"line {position}: it cannot be read")
            continue
        if row["position"] != position:
            what = f"position {position} is missing: the log continues at {row['position']}"
            audit.find("positions", position, what)
            position = row["position"]
        if row_hash(previous, *values) != kept:
            what = f"position {position} ({row['type']}): the row is not what was hashed when it was written"
            audit.find("chain", position, what)
        before = versions.get(row["stream"], 0)
        if row["version"] != before + 1:
            what = f"position {position}: {row['stream']} jumps from version {before} to {row['version']}"
            audit.find("versions", position, what)
        versions[row["stream"]] = row["version"]
        previous = kept
        audit.count(row["type"], row["time"])
        if row["type"] in HEADS and position <= entry["witnesses_to"]:
            said = said_at(audit, position, row["type"], row["data"], export.keys)
            if said is not None:
                yield said
        if position % 1000 == 0:
            progress(audit.service, position, entry["events"])
    progress(audit.service, position, max(position, entry["events"]))
    audit.head_hash, audit.last_position = previous.hex(), position
    if (position, audit.head_hash) != (entry["events"], entry["head"]):
        audit.find("head", position, f"the manifest says {entry['events']} events, the file ends at {position}")
    elif digest.hexdigest() != entry["sha256"]:
        audit.find("chain", None, f"{entry['file']} is not the file that was written: its SHA-256 is another")


def _hashes_at(export: _Export, service: str, wanted: set[int]) -> dict[int, str]:
    if not wanted:
        return {}
    found = {}
    for line in export.lines(service):
        try:
            row = orjson.loads(line)
            if row["position"] in wanted:
                found[row["position"]] = row["hash"]
        except (ValueError, KeyError, TypeError):
            continue  # named when it was read the first time
    return found
