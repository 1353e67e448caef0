"""What becomes of units that ask to be appended: committed, a duplicate, a conflict. Pure, the same for every store."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ytempire.eventstore.encode import Placer, Prepared
from ytempire.eventstore.errors import VersionConflictError
from ytempire.eventstore.records import Claim, Committed, Recorded

Verdict = Committed | Exception
Fired = tuple[str, datetime]


@dataclass(slots=True)
class Judge:
    """Decides about units in the order of their arrival; each sees what those before it will have done.

    :param claims: claims that are taken, with the events of the first time; advanced in place.
    :param timers: of those that the units say they fire, the ones still set; None where the database will check it.
    """

    placer: Placer
    claims: dict[Claim, tuple[Recorded, ...]]
    timers: Collection[Fired] | None
    now: datetime
    _touched: set[str] = field(default_factory=set)
    """Keys of timers that a unit before set, cancelled or fired."""

    def all(self, units: Iterable[Prepared]) -> list[Verdict]:
        """A verdict for each; the rows of the committed ones are the placer's."""
        return [self._one(unit) for unit in units]

    def _one(self, prepared: Prepared) -> Verdict:
        unit, versions = prepared.unit, self.placer.versions
        # claims first: a command that comes again gets its first answer and not a conflict with itself
        if unit.claim is not None and unit.claim in self.claims:
            return Committed(self.claims[unit.claim], duplicate=True)
        for append in unit.appends:
            if append.expected is not None and append.expected != versions[append.stream]:
                return VersionConflictError(append.stream, append.expected, versions[append.stream])
        if not all(self._set(timer) for timer in unit.fired):
            return Committed((), duplicate=True)
        self._touched |= prepared.timers.keys()
        recorded = self.placer.place(prepared, self.now)
        if unit.claim is not None:
            self.claims[unit.claim] = recorded
        return Committed(recorded)

    def _set(self, timer: Fired) -> bool:
        return timer[0] not in self._touched and (self.timers is None or timer in self.timers)
