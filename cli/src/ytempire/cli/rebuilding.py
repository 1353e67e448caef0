"""The read models of a platform, seen by tools: their generations, comparison with the logs, rebuild, past moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from nats.js.errors import NotFoundError
from sqlalchemy import text

from ytempire.bus import read_carried
from ytempire.bus.topology import stream_of
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.problems import PlatformProblem
from ytempire.cli.stores import OpenService, open_services
from ytempire.eventstore import Projection
from ytempire.eventstore.filling import Bound
from ytempire.eventstore.generations import Generation, generations
from ytempire.eventstore.rebuilding import Rebuilder
from ytempire.eventstore.shadow import Past, Rebuilt, as_of, moment_of, rebuild

Report = Callable[[str, Rebuilt], None]


@dataclass(frozen=True)
class Chosen:
    """One read model that a command works on."""

    service: OpenService
    projection: Projection

    @property
    def name(self) -> str:
        return f"{self.service.store.service} {self.projection.name}"

    @property
    def rebuilder(self) -> Rebuilder:
        return Rebuilder(
            self.service.store, self.service.models, self.projection, partial(read_carried, self.service.jetstream)
        )

    async def log_length(self) -> int:
        """Events in the logs it reads; foreign ones as far as they were published."""
        total = 0
        for source in self.projection.producers(self.service.store.service):
            total += await _end_of(self.service, source)
        return total


@dataclass(frozen=True)
class Standing:
    """A generation as it stands."""

    service: str
    generation: Generation
    rows: int
    lag: int
    """Events of its sources that it has not applied."""


def choose(services: Sequence[OpenService], service: str | None, name: str | None) -> Iterator[Chosen]:
    """The read models that were asked for, all of them without names.

    Raises `PlatformProblem` when there is none of the name.
    """
    found = [
        Chosen(opened, projection)
        for opened in services
        for projection in opened.models.projections
        if service in (None, opened.store.service) and name in (None, projection.name)
    ]
    if not found:
        wanted = " ".join(part for part in (service, name) if part)
        raise PlatformProblem(f"There is no read model {wanted}: `ytempire projections list` names them.")
    yield from found


async def rebuild_platform(
    plan: PlatformPlan, report: Report, service: str | None = None, name: str | None = None
) -> list[tuple[str, Rebuilt]]:
    """Rebuild read models into a shadow and compare them with the live ones; `report` is told of each as it is done."""
    done: list[tuple[str, Rebuilt]] = []
    async with open_services(plan, service) as services:
        for chosen in choose(services, service, name):
            opened = chosen.service
            foreign = partial(read_carried, opened.jetstream)
            rebuilt = await rebuild(opened.store, opened.models, chosen.projection, foreign)
            done.append((opened.store.service, rebuilt))
            report(opened.store.service, rebuilt)
    return done


async def replay_past(
    plan: PlatformPlan,
    moment: datetime | int,
    service: str | None,
    keep: str | None,
    report: Callable[[str, Past], None],
) -> None:
    """Rebuild read models as of a past moment: a time, or a position of `service`.

    Raises `PlatformProblem` when the log has no such position.
    """
    async with open_services(plan, service) as services:
        for chosen in choose(services, service, None):
            opened = chosen.service
            foreign = partial(read_carried, opened.jetstream)
            try:
                bound = (
                    Bound(position=moment, time=await moment_of(opened.store, moment))
                    if isinstance(moment, int)
                    else Bound(time=moment)
                )
            except LookupError as error:
                raise PlatformProblem(str(error)) from error
            report(
                opened.store.service,
                await as_of(opened.store, opened.models, chosen.projection, foreign, bound, keep),
            )


async def standings(plan: PlatformPlan, service: str | None = None) -> list[Standing]:
    """Every generation of every read model."""
    found: list[Standing] = []
    async with open_services(plan, service) as services:
        for chosen in choose(services, service, None):
            async with chosen.service.models.engine.connect() as connection:
                known = await generations(connection, chosen.projection.name)
            found += [await _standing(chosen, generation) for generation in known]
    return found


async def _standing(chosen: Chosen, generation: Generation) -> Standing:
    opened, rows, lag = chosen.service, 0, 0
    async with opened.models.engine.connect() as connection:
        tables = await connection.scalars(
            text("select tablename from pg_tables where schemaname = :schema"), {"schema": generation.schema}
        )
        for table in tables.all():
            count = text(f'select count(*) from "{generation.schema}"."{table}"')  # noqa: S608 - names from the catalogue
            rows += int(await connection.scalar(count) or 0)
        for source in chosen.projection.producers(opened.store.service):
            column = "position" if source == opened.store.service else "seq"
            reached = await connection.scalar(
                text(f"select max({column}) from es.tracking where model = :model and source = :source"),  # noqa: S608 - one of two words
                {"model": generation.schema, "source": source},
            )
            lag += max(0, await _end_of(opened, source) - int(reached or 0))
    return Standing(opened.store.service, generation, rows, lag)


async def _end_of(service: OpenService, source: str) -> int:
    if source == service.store.service:
        return (await service.store.head()).position
    try:
        return (await service.jetstream.stream_info(stream_of(source))).state.last_seq
    except NotFoundError:
        return 0
