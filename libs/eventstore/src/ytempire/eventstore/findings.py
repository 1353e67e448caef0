"""What an audit checks, what each check proves, and what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ytempire.eventstore.records import Recorded

KEPT = 20
"""Findings of one check that are kept in words; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing an audit looks at."""

    name: str
    proves: str
    """What is certain when nothing was found."""
    matters: str
    """What it means when something was."""


CHECKS = {
    check.name: check
    for check in (
        Check(
            "positions",
            "Positions run from 1 to the end without a gap.",
            "Events are missing, or were put in: the log is not what happened.",
        ),
        Check(
            "chain",
            "Every column of every event is what was hashed when it was written, and each hash covers all before it.",
            "The event was changed, moved or put in after it was written.",
        ),
        Check(
            "versions",
            "The versions of each stream run from 1 without a gap, in the order of the log.",
            "What a customer's state is made of is not complete, or in another order.",
        ),
        Check(
            "head",
            "The head names the last event of the log and its hash.",
            "The end of the log was cut or extended by hand.",
        ),
        Check(
            "causes",
            "Every event has a cause that some log holds, and belongs to its cause's chain; a chain begins with what"
            " came in from outside, or with a time that had come.",
            "Nobody can say why this happened.",
        ),
        Check(
            "outbox",
            "Every public event was told to the others, byte for byte as it stands in the log, and nothing else was.",
            "Other services were told something else than the log says, or were not told.",
        ),
        Check(
            "bus",
            "The bus carries what the outbox told, message by message, in order, nothing more and nothing less.",
            "Other services acted on something that was never told, or never heard of something.",
        ),
        Check(
            "claims",
            "Every claim points at events that exist, and is tied to the log as it was when it was taken.",
            "A command or a message could be handled a second time.",
        ),
        Check(
            "heads",
            "Every head that the service signed, and that others witnessed, is still what the log says.",
            "The log was rewritten or cut after others had seen it, with its whole chain computed anew.",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """A service's own check of streams that must balance.

    :param streams: how the names of the streams begin.
    :param wrong: gets one stream, whole and in order; answers what is wrong with it, by position.
    """

    check: Check
    streams: str
    wrong: Callable[[Sequence[Recorded]], Iterable[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be."""

    service: str
    check: Check
    position: int | None
    """Where in the service's log; the first place where there are several."""
    what: str

    def __str__(self) -> str:
        return self.what


@dataclass
class Audit:
    """What was checked of one service's log, and what is wrong with it."""

    service: str
    events_checked: int = 0
    outbox_checked: int = 0
    bus_checked: int = 0
    claims_checked: int = 0
    causes_elsewhere: int = 0
    """Events whose cause stands in another service's log."""
    last_told: int = 0
    """Position of the last outbox row that was there when the audit began."""
    last_position: int = 0
    first_time: str = ""
    last_time: str = ""
    head_hash: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    """Events by type."""
    checks: dict[str, Check] = field(default_factory=dict)
    """What was looked at."""
    seals: int = 0
    sealed_to: int = 0
    """Up to here the log is confirmed by heads that every other service witnessed."""
    witnesses: dict[str, int] = field(default_factory=dict)
    """How many of the heads each other service keeps."""
    findings: list[Finding] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    """Findings by check, those not kept in words included."""

    @property
    def ok(self) -> bool:
        return not self.findings

    def looks_at(self, *checks: str | Check) -> None:
        """Note that a check is done."""
        for check in checks:
            entry = check if isinstance(check, Check) else CHECKS[check]
            self.checks[entry.name] = entry

    def count(self, type_: str, time: str) -> None:
        """Note that an event was read."""
        self.events_checked += 1
        self.counts[type_] += 1
        self.first_time = self.first_time or time
        self.last_time = time

    def find(self, check: str, position: int | None, what: str) -> None:
        """Note that something is wrong."""
        self.found[check] += 1
        if self.found[check] <= KEPT:
            self.findings.append(Finding(self.service, self.checks[check], position, what))
