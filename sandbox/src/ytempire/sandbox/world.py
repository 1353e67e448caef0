"""The world: everything a provider's stand-in needs, one per process.

A provider is a package with ``router(world) -> fastapi.APIRouter`` whose routes carry their full path
(``/stripe/v1/...``, ``/youtube/...``). The middleware journals each request below a provider's prefix and
applies the fault plan; a route adds to its journal line with :func:`ytempire.sandbox.journal.note`.
"""

from collections.abc import Callable

from ytempire.sandbox.clock import VirtualClock
from ytempire.sandbox.faults import FaultPlan
from ytempire.sandbox.journal import Journal
from ytempire.sandbox.schedule import Schedule
from ytempire.sandbox.settings import SandboxSettings
from ytempire.sandbox.store import Database, Store

__all__ = ["FaultPlan", "Journal", "SandboxSettings", "Schedule", "Store", "VirtualClock", "World"]


class World:
    """Clock, journal, faults, store, schedule and settings of one sandbox process."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self._database = Database(settings.database)
        self.store = Store(self._database)
        self.clock = VirtualClock(self.store)
        self.journal = Journal(self._database, self.clock)
        self.faults = FaultPlan(self.store)
        self.schedule = Schedule(self._database, self.store, self.clock)
        self._seeds: list[Callable[[], None]] = []

    def seed(self, plant: Callable[[], None]) -> None:
        """Run ``plant`` now and after every reset: it puts what a provider has from the start, and is idempotent."""
        self._seeds.append(plant)
        plant()

    def reset(self) -> None:
        """Forget everything and return to the wall clock."""
        self.schedule.clear()
        self.faults.clear()
        self.journal.clear()
        self.store.clear()
        self.clock.reset()
        for plant in self._seeds:
            plant()

    def close(self) -> None:
        """Close the state file."""
        self._database.close()
