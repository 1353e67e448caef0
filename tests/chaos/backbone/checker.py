"""What must be true when everything has come to rest, read from the stores by SQL and from the streams message by
message. Nothing here uses the libraries that are under test: hashes, folds and comparisons are written anew.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

POISON, REMINDED_EVERY = 13, 10
_DEPOSITED, _CREDITED, _CONFIRMED = "ChaosDeposited.v1", "ChaosCredited.v1", "ChaosConfirmed.v1"
_REMINDED, _ANSWERED, _DEAD = "ChaosReminded.v1", "ChaosAnswered.v1", "EventDeadLettered.v1"
_STREAM = {"billing": "EVT_BILLING", "analytics": "EVT_ANALYTICS"}
_EVENTS = """
select position, stream, version, event_id::text, type,
    to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), data::text, meta::text, hash
from es.events order by position"""


@dataclass
class Found:
    """What is wrong, by kind; all empty when every promise was kept."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    misordered: list[str] = field(default_factory=list)
    rebuild: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.twice, *self.misordered, *self.rebuild, *self.other]

    def once(self, what: str, wanted: Iterable[str], there: Iterable[str]) -> None:
        """Each wanted thing is there, none more often than once, and nothing else."""
        counts, expected = Counter(there), set(wanted)
        self.lost += [f"{what} {key} is missing" for key in sorted(expected - counts.keys())]
        self.twice += [f"{what} {key} is there {count} times" for key, count in counts.items() if count > 1]
        self.other += [f"{what} {key} follows from nothing" for key in sorted(counts.keys() - expected)]


@dataclass(frozen=True)
class Row:
    position: int
    stream: str
    version: int
    id: str
    type: str
    time: str
    text: str
    meta: str
    hash: bytes

    @property
    def data(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.text)
        return found


@dataclass(frozen=True)
class Log:
    """One store, with what its service told and was told."""

    rows: Sequence[Row]
    head: tuple[int, bytes]
    outbox: Sequence[tuple[int, str, int, int]]
    inbox: Sequence[tuple[str, str]]
    dead: Sequence[tuple[str, str]]
    timers: int
    ledger: Mapping[str, tuple[int, int, int, str]]

    def of(self, type_: str) -> list[Row]:
        return [row for row in self.rows if row.type == type_]


def read_log(connection: psycopg.Connection) -> Log:
    """One consistent picture of a store."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        head = connection.execute("select position, hash from es.head").fetchone()
        assert head is not None
        return Log(
            [Row(*row[:8], bytes(row[8])) for row in connection.execute(_EVENTS)],
            (head[0], bytes(head[1])),
            list(connection.execute("select position, event_id::text, partition, previous from es.outbox order by 1")),
            list(connection.execute("select scope, key from es.inbox")),
            list(connection.execute("select consumer, event_id::text from es.dead_letters")),
            int((connection.execute("select count(*) from es.timers").fetchone() or (0,))[0]),
            {
                row[0]: (row[1], row[2], row[3], row[4])
                for row in connection.execute(
                    "select account, total, version, misordered, digest from rm_ledger_v1.ledger"
                )
            },
        )


async def read_stream(client: Client, stream: str) -> list[tuple[int, str]]:
    """Position and id of every message, in the stream's order."""
    jetstream = client.jetstream()
    last = (await jetstream.stream_info(stream)).state.last_seq
    told: list[tuple[int, str]] = []
    if not last:
        return told
    config = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL, inactive_threshold=30.0)
    subscription = await jetstream.pull_subscribe("", stream=stream, config=config)
    sequence = 0
    while sequence < last:
        for message in await subscription.fetch(500, timeout=5):
            headers = message.headers or {}
            told.append((int(headers["Yt-Position"]), headers["Nats-Msg-Id"]))
            sequence = message.metadata.sequence.stream
    await subscription.unsubscribe()
    return told


def check(
    logs: Mapping[str, Log],
    streams: Mapping[str, Sequence[tuple[int, str]]],
    commands: Mapping[str, int],
    acked: Mapping[str, Sequence[str]],
) -> Found:
    """Every invariant.

    :param commands: how many events each command that may have been sent leads to.
    :param acked: which events each acknowledged command was answered with.
    """
    found = Found()
    for service, log in logs.items():
        _chain(found, service, log)
        _told(found, service, log, streams[service])
    billing, analytics = logs["billing"], logs["analytics"]
    _acknowledged(found, billing, commands, acked)
    _effects(found, billing, analytics)
    _timers(found, analytics)
    for service, log in logs.items():
        _ledger(found, service, log, billing)
    return found


def _chain(found: Found, service: str, log: Log) -> None:
    """Positions and versions without a gap, every hash over the one before it, the head at the end."""
    previous, versions = bytes(32), Counter[str]()
    for number, row in enumerate(log.rows, 1):
        if row.position != number:
            found.lost.append(f"{service}: position {number} is {row.position}")
            return
        versions[row.stream] += 1
        if row.version != versions[row.stream]:
            found.misordered.append(f"{service}: {row.stream} has version {row.version} at position {number}")
        columns = [row.position, row.stream, row.version, row.id, row.type, row.time, row.text, row.meta]
        text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"))
        previous = hashlib.sha256(previous + text.encode()).digest()
        if previous != row.hash:
            found.other.append(f"{service}: the chain is broken at position {number}")
            return
    if log.head != (len(log.rows), previous):
        found.other.append(f"{service}: the head is not at the end of the log")


def _told(found: Found, service: str, log: Log, stream: Sequence[tuple[int, str]]) -> None:
    """The outbox names the predecessor in each partition, and the stream is the outbox, message by message."""
    last: dict[int, int] = {}
    for position, _, partition, previous in log.outbox:
        if last.get(partition, 0) != previous:
            found.misordered.append(f"{service}: outbox row {position} does not follow {last.get(partition, 0)}")
        last[partition] = position
    told = [(position, id_) for position, id_, *_ in log.outbox]
    found.once(f"{service}: message", (id_ for _, id_ in told), (id_ for _, id_ in stream))
    if list(stream) != told and sorted(stream) == sorted(told):
        found.misordered.append(f"{service}: the stream has another order than the outbox")
    private = {row.id for row in log.rows if row.type in (_CONFIRMED, _REMINDED, _ANSWERED, "ChaosNoted.v1")}
    found.other += [f"{service}: private event {id_} was told" for _, id_ in told if id_ in private]


def _acknowledged(found: Found, billing: Log, commands: Mapping[str, int], acked: Mapping[str, Sequence[str]]) -> None:
    """What was answered is in the log, once; what was not is there wholly or not at all."""
    by_command: dict[str, list[str]] = {}
    for row in billing.of(_DEPOSITED):
        by_command.setdefault(row.data["command"], []).append(row.id)
    for command, ids in acked.items():
        there = by_command.get(command, [])
        if not there:
            found.lost.append(f"{command} was acknowledged and is not in the log")
        elif list(ids) != there:
            found.other.append(f"{command} was acknowledged with other events than the log has")
    for command, ids in by_command.items():
        if len(ids) > commands[command]:
            found.twice.append(f"{command} is in the log {len(ids) / commands[command]} times")
        elif len(ids) < commands[command]:
            found.lost.append(f"{command} is in the log in part")


def _effects(found: Found, billing: Log, analytics: Log) -> None:
    """Each public event has its effect once, by its claim and by what was appended; the poison is set aside."""
    deposits = billing.of(_DEPOSITED)
    good = [row.id for row in deposits if row.data["amount"] != POISON]
    poison = [row.id for row in deposits if row.data["amount"] == POISON]
    credits_ = analytics.of(_CREDITED)
    work = "analytics__work__billing"
    found.once("credit of", good, (row.data["source"] for row in credits_))
    claimed = [key for scope, key in analytics.inbox if scope == work]
    seals = [row.id for row in billing.of("LogHeadSealed.v1")]
    letters = [row.id for row in billing.of(_DEAD)]
    found.once("claim of", [*good, *seals], (key for key in claimed if key not in letters))
    found.once("dead letter", [f"{work} {id_}" for id_ in poison], (" ".join(letter) for letter in analytics.dead))
    found.once("report of dead letter", poison, (row.data["event_id"] for row in analytics.of(_DEAD)))
    found.once("confirmation of", (r.id for r in credits_), (r.data["source"] for r in billing.of(_CONFIRMED)))
    if billing.dead:
        found.other.append(f"billing has {len(billing.dead)} dead letters that nothing explains")


def _timers(found: Found, analytics: Log) -> None:
    """Each fired once, none before one that was set earlier and due earlier, and each led to its answer once."""
    credits_ = [row for row in analytics.of(_CREDITED) if row.data["amount"] % REMINDED_EVERY == 0]
    fired = analytics.of(_REMINDED)
    found.once("timer of", (row.data["source"] for row in credits_), (row.data["source"] for row in fired))
    found.once(
        "answer to timer of", (r.data["source"] for r in fired), (r.data["source"] for r in analytics.of(_ANSWERED))
    )
    if analytics.timers:
        found.lost.append(f"{analytics.timers} timers did not fire")
    set_at = {row.data["source"]: row.position for row in credits_}
    known = [(row.data["due"], set_at.get(row.data["source"], 0)) for row in fired]
    for index, (due, position) in enumerate(known):
        if any(earlier_due > due and earlier_set > position for earlier_due, earlier_set in known[:index]):
            found.misordered.append(f"the timer set at {position} fired behind one set and due later")


def _ledger(found: Found, service: str, log: Log, billing: Log) -> None:
    """The read model is the fold of the producer's log, digest by digest."""
    folded: dict[str, tuple[int, int, int, str]] = {}
    for row in billing.of(_DEPOSITED):
        account = row.data["account"]
        total, version, _, digest = folded.get(account, (0, 0, 0, ""))
        new = hashlib.md5(f"{digest}{row.id}".encode(), usedforsecurity=False).hexdigest()
        folded[account] = (total + row.data["amount"], version + 1, 0, new)
    for account in sorted(folded.keys() | log.ledger.keys()):
        kept = log.ledger.get(account)
        if kept != folded.get(account):
            found.rebuild.append(f"{service}: ledger of {account} is {kept}, recomputed {folded.get(account)}")
        if kept and kept[2]:
            found.misordered.append(f"{service}: {kept[2]} events of account {account} came out of order")
