"""Hold each log against the heads it signed itself and the heads that the other logs keep of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from ytempire.eventstore.findings import Audit
from ytempire.eventstore.heads import SEALED, WITNESSED, HeadWitnessed, genuine
from ytempire.eventstore.store import EventStore

_PAGE = 1000
HEADS = (SEALED, WITNESSED)
_SEALS = "select position, data::text from es.events where type = %s and position > %s order by position limit %s"
_HASHES = "select position, hash from es.events where position = any(%s)"


@dataclass(frozen=True, slots=True)
class Said:
    """A head as some log has it."""

    by: str
    head: HeadWitnessed


async def check_heads(
    stores: Sequence[EventStore], audits: Mapping[str, Audit], keys: Mapping[str, Sequence[bytes]]
) -> None:
    """Add to each service's audit what its own seals and those witnessed by the others say.

    :param keys: every public key a service ever signed with.
    """
    said: dict[str, list[Said]] = defaultdict(list)
    for store in stores:
        audits[store.service].looks_at("heads")
        for entry in await _heads(store, audits[store.service], keys):
            said[entry.head.service].append(entry)
    services = [store.service for store in stores]
    for store in stores:
        entries = said[store.service]
        hashes = await _hashes(store, sorted({entry.head.position for entry in entries}))
        judge(audits[store.service], entries, hashes, await last_position(store), services)


async def _heads(store: EventStore, audit: Audit, keys: Mapping[str, Sequence[bytes]]) -> list[Said]:
    """Every head in a log whose signature is good; the others are findings."""
    rows = [(type_, row) for type_ in HEADS async for row in _rows(store, type_)]
    said = (said_at(audit, position, type_, data, keys) for type_, (position, data) in rows)
    return [entry for entry in said if entry is not None]


def said_at(audit: Audit, position: int, type_: str, data: str, keys: Mapping[str, Sequence[bytes]]) -> Said | None:
    """The head that an event of a log names; None, and a finding, if nobody signed it."""
    try:
        head = HeadWitnessed.read(orjson.loads(data))
    except (ValueError, ValidationError):
        return None  # the chain check names the row
    if not genuine(head, keys.get(head.service, ())):
        what = f"position {position}: the head of {head.service} it keeps was not signed by {head.service}"
    elif type_ == SEALED and head.service != audit.service:
        what = f"position {position}: it seals a head of {head.service}, not its own"
    else:
        return Said(audit.service, head)
    audit.find("heads", position, what)
    return None


async def _rows(store: EventStore, type_: str) -> Any:
    position = 0
    while True:
        async with store.pool.connection() as connection:
            cursor = await connection.execute(_SEALS, [type_, position, _PAGE])
            rows = await cursor.fetchall()
        for position, data in rows:
            yield position, data
        if not rows:
            return


def judge(audit: Audit, said: Sequence[Said], hashes: Mapping[int, str], end: int, services: Sequence[str]) -> None:
    """Hold the log of one service against every head that was said of it.

    :param hashes: what the log has at the positions of those heads.
    :param end: last position of the log.
    """
    by_position: dict[int, list[Said]] = defaultdict(list)
    for entry in said:
        by_position[entry.head.position].append(entry)
    others = [service for service in services if service != audit.service]
    audit.witnesses = {other: sum(s.by == other for s in said) for other in others}
    good, cut = 0, 0
    for position, entries in sorted(by_position.items()):
        hash_ = hashes.get(position, "")
        names = _names(entries, audit.service)
        wrong = [entry for entry in entries if entry.head.hash != hash_]
        if not hash_:
            cut = max(cut, position)
        elif wrong:
            what = f"positions {good + 1} to {position} were rewritten: {_names(wrong, audit.service)} saw"
            audit.find("heads", position, f"{what} {wrong[0].head.hash[:12]} at {position}, the log has {hash_[:12]}")
        else:
            good = position
            if {entry.by for entry in entries} >= set(others):
                audit.sealed_to = position
        audit.seals += 1
        if audit.service not in {entry.by for entry in entries}:
            audit.find(
                "heads", position, f"position {position}: {names} saw it sealed, the log does not say so any more"
            )
    if cut > end:
        names = _names(by_position[cut], audit.service)
        audit.find("heads", end + 1, f"positions {end + 1} to {cut} are gone: {names} saw the head at {cut}")
    _check_kept(audit, by_position, audit.service, others)


def _check_kept(audit: Audit, by_position: Mapping[int, list[Said]], service: str, others: Sequence[str]) -> None:
    """What a service did not witness though it witnessed a later one is missing there, not on its way."""
    for other in others:
        kept = {position for position, entries in by_position.items() if any(e.by == other for e in entries)}
        last = max(kept, default=0)
        for position in sorted(by_position):
            if position < last and position not in kept:
                audit.find("heads", position, f"position {position}: {other} does not keep the head sealed there")


async def _hashes(store: EventStore, positions: Sequence[int]) -> dict[int, str]:
    """The hash that the log has at each of these positions."""
    found: dict[int, str] = {}
    for start in range(0, len(positions), _PAGE):
        async with store.pool.connection() as connection:
            cursor = await connection.execute(_HASHES, [positions[start : start + _PAGE]])
            found |= {int(row[0]): bytes(row[1]).hex() for row in await cursor.fetchall()}
    return found


async def last_position(store: EventStore) -> int:
    """Where the log ends, whatever its head says."""
    async with store.pool.connection() as connection:
        cursor = await connection.execute("select coalesce(max(position), 0) from es.events")
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


def _names(entries: Iterable[Said], service: str) -> str:
    names = {entry.by for entry in entries}
    return ", ".join(sorted(names - {service})) or "its own seal"
