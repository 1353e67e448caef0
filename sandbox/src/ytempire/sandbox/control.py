"""The control API (``/control``): clock, faults, journal, bill, reset; and the index page."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from ytempire.sandbox.clock import rfc3339
from ytempire.sandbox.faults import Fault
from ytempire.sandbox.pages import page
from ytempire.sandbox.world import World

LONG_POLL_S = 25.0


class ClockChange(BaseModel):
    """Either a moment to move to, or seconds to move by."""

    now: datetime | None = None
    advance_seconds: float | None = Field(default=None, ge=0)


def clock_view(world: World) -> dict[str, Any]:
    """The clock as ``/control/clock`` answers."""
    due = world.schedule.next_due()
    return {
        "offset_seconds": world.clock.offset_seconds,
        "revision": world.clock.revision,
        "now": rfc3339(world.clock.now()),
        "next_due": rfc3339(due) if due else None,
        "done": world.schedule.done,
    }


def router(world: World) -> APIRouter:
    """Routes of the control API and the index page."""
    routes = APIRouter(tags=["control"])
    _clock(routes, world)
    _faults(routes, world)
    _books(routes, world)
    return routes


def _clock(routes: APIRouter, world: World) -> None:
    @routes.get("/control/clock")
    async def read_clock(after: int | None = None) -> dict[str, Any]:
        """The clock; with ``after``, wait up to 25 s for a revision other than that."""
        if after is not None:
            await world.clock.changed(after, LONG_POLL_S)
        return clock_view(world)

    @routes.post("/control/clock")
    async def move_clock(change: ClockChange) -> dict[str, Any]:
        """Move forward and run everything due on the way."""
        if (change.now is None) == (change.advance_seconds is None):
            raise HTTPException(422, "Give either 'now' (RFC 3339) or 'advance_seconds'.")
        current = world.clock.now()
        if change.now is None:
            target = datetime.fromtimestamp(current.timestamp() + (change.advance_seconds or 0.0), UTC)
        elif change.now.tzinfo is None:
            raise HTTPException(422, "'now' needs a time zone, for instance 2026-12-01T00:00:00Z.")
        else:
            target = change.now.astimezone(UTC)
        # A second of grace: who asks for "now" has read the clock a moment ago.
        if (current - target).total_seconds() > 1:
            raise HTTPException(409, f"The clock never goes backwards; it is {rfc3339(current)}.")
        fired = await world.schedule.move_to(target)
        return {**clock_view(world), "fired": fired}


def _faults(routes: APIRouter, world: World) -> None:
    @routes.get("/control/faults")
    async def list_faults() -> list[Fault]:
        return world.faults.rules()

    @routes.post("/control/faults", status_code=201)
    async def add_fault(fault: Fault) -> Fault:
        return world.faults.add(fault)

    @routes.delete("/control/faults", status_code=204)
    async def clear_faults() -> None:
        world.faults.clear()

    @routes.delete("/control/faults/{id}", status_code=204)
    async def remove_fault(id: str) -> None:
        if not world.faults.remove(id):
            raise HTTPException(404, f"There is no fault {id}.")


def _books(routes: APIRouter, world: World) -> None:
    @routes.get("/control/journal")
    async def read_journal(
        provider: str | None = None,
        since: int = 0,
        method: str | None = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> list[dict[str, Any]]:
        """Lines after ``since``, oldest first."""
        return world.journal.query(provider, since, method, limit)

    @routes.get("/control/bill")
    async def read_bill() -> dict[str, Any]:
        """What each provider would charge, micro-USD."""
        costs = world.journal.bill()
        return {"currency": "USD", "providers": costs, "total_micros": sum(costs.values())}

    @routes.get("/control/schedule")
    async def read_schedule() -> list[dict[str, Any]]:
        """What the outside world will do next."""
        return [{"id": e.id, "due": rfc3339(e.due), "name": e.name} for e in world.schedule.entries()]

    @routes.post("/control/reset")
    async def reset() -> dict[str, Any]:
        """Forget everything; the clock returns to the wall clock."""
        world.reset()
        return clock_view(world)

    @routes.get("/", include_in_schema=False)
    async def index() -> HTMLResponse:
        return page(
            "index.html",
            clock=clock_view(world),
            bill=world.journal.bill(),
            counts=world.journal.counts(),
            journal=world.journal.last(40),
            faults=world.faults.rules(),
            schedule=[{"due": rfc3339(e.due), "name": e.name} for e in world.schedule.entries(12)],
            settings=world.settings,
        )
