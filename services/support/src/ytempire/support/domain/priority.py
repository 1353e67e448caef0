"""How urgent a ticket is, and by when a person answers it. Everything that is to be tuned stands here.

Points begin at the category's and move by the rules that apply; they name a priority, capped by the category.

======  ========  ===============
points  priority  first answer in
======  ========  ===============
0       low       72 h
1       normal    24 h
2       high      4 h
3       urgent    1 h
======  ========  ===============

Hours are those of the platform's clock, day and night: channels do not keep office hours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

PRIORITIES = ("low", "normal", "high", "urgent")

FIRST_RESPONSE: Mapping[str, timedelta] = {
    "low": timedelta(hours=72),
    "normal": timedelta(hours=24),
    "high": timedelta(hours=4),
    "urgent": timedelta(hours=1),
}

_BASE: Mapping[str, int] = {
    "technical_issue": 1,
    "billing_question": 1,
    "content_quality": 1,
    "youtube_problem": 1,
    "feature_request": 0,
}
_CAP: Mapping[str, int] = {"feature_request": 1}
"""An idea never wakes anybody up, however loudly it is told."""

DEFECTS = frozenset({"no_sound", "broken_file", "wrong_publication"})
"""Topics that spoil a video for everybody who watches it."""


@dataclass(frozen=True)
class Circumstances:
    """What the priority depends on."""

    category: str
    topic: str | None
    signals: frozenset[str]
    """Kinds of words that were found: ``money_lost``, ``nothing_published``, ``account_at_risk``, ``hurry``,
    ``no_hurry``."""
    plan: str | None
    job_status: str | None
    job_troubled: bool


@dataclass(frozen=True)
class Rule:
    name: str
    points: int
    applies: Callable[[Circumstances], bool]


RULES = (
    # a strike, a break-in or a leak grows by the hour
    Rule("account_at_risk", 2, lambda c: "account_at_risk" in c.signals),
    Rule("money_lost", 1, lambda c: "money_lost" in c.signals),
    # the business stands still
    Rule("nothing_published", 1, lambda c: "nothing_published" in c.signals),
    # the job itself shows the fault: the customer need not be believed
    Rule("job_failed", 1, lambda c: c.job_troubled),
    # viewers see the fault while the ticket waits
    Rule("published_video_affected", 1, lambda c: c.job_status == "published" and c.topic in DEFECTS),
    Rule("scale_plan", 1, lambda c: c.plan == "scale"),
    Rule("hurry", 1, lambda c: "hurry" in c.signals),
    Rule("no_hurry", -1, lambda c: "no_hurry" in c.signals and "hurry" not in c.signals),
)


@dataclass(frozen=True)
class Priority:
    name: str
    reasons: tuple[str, ...]
    """Rules that applied, in their order."""


def prioritise(circumstances: Circumstances) -> Priority:
    applied = tuple(rule for rule in RULES if rule.applies(circumstances))
    points = _BASE[circumstances.category] + sum(rule.points for rule in applied)
    highest = _CAP.get(circumstances.category, len(PRIORITIES) - 1)
    return Priority(PRIORITIES[max(0, min(points, highest))], tuple(rule.name for rule in applied))


def respond_by(priority: str, at: datetime) -> datetime:
    """When the first answer of a person is due."""
    return at + FIRST_RESPONSE[priority]


def raised(priority: str) -> str:
    """The next higher priority, for a ticket whose answer is late."""
    return PRIORITIES[min(PRIORITIES.index(priority) + 1, len(PRIORITIES) - 1)]
