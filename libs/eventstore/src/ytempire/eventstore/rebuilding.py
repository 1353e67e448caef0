"""Rebuild a live read model beside itself and flip to it, go back to the one before, or to a new version's tables.

One way for all three: a generation that is not live is *brought level* with the logs while the live one serves, and is
*flipped* in one transaction. That transaction locks the marks for an instant, so that nobody applies anything, adds the
little that came last, and renames schemas.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from ytempire.eventstore.filling import PAGE, Bound, Filling, ForeignLog, Progress, marks_of
from ytempire.eventstore.generations import Generation, begin, drop, flip, generations, missing_columns
from ytempire.eventstore.projection import Projection
from ytempire.eventstore.readmodels import ReadModels
from ytempire.eventstore.store import EventStore

_LOCK_WAIT = "20s"


class RebuildError(Exception):
    """A read model cannot be flipped; says why and what to do. What is live stays live."""


class Rebuilder:
    """Builds and flips one projection of one service."""

    def __init__(self, store: EventStore, models: ReadModels, projection: Projection, foreign: ForeignLog) -> None:
        self._store, self._models, self._projection, self._foreign = store, models, projection, foreign

    async def rebuild(self, progress: Progress | None = None) -> Generation:
        """Fill a new generation and make it live; the one before is kept as the previous one.

        :raises RebuildError: if another rebuild of this projection is under way, or the tables stayed locked.
        """
        async with self._alone():
            async with self._models.engine.begin() as connection:
                for old in await generations(connection, self._projection.name):
                    if old.status == "building" and old.version == self._projection.version:
                        await drop(connection, old.schema)
                target = await begin(connection, self._projection)
            return await self._promote(target, progress)

    async def rollback(self, progress: Progress | None = None) -> Generation:
        """Make the previous generation live again, brought level first.

        :raises RebuildError: if there is none, if this release cannot write its tables, or as for a rebuild.
        """
        async with self._alone():
            return await self._promote(await self._previous(), progress)

    async def finish(self, progress: Progress | None = None) -> Generation | None:
        """Make this release's version live if it is not: begun before or new. Waits for another copy that does it.

        :returns: what went live; None if it was live already.
        """
        async with self._alone(wait=True):
            async with self._models.engine.begin() as connection:
                same = [
                    known
                    for known in await generations(connection, self._projection.name)
                    if known.version == self._projection.version and known.status != "kept"
                ]
                if any(known.status == "active" for known in same):
                    return None
                target = same[-1] if same else await begin(connection, self._projection)
            return await self._promote(target, progress)

    async def _previous(self) -> Generation:
        name, version = self._projection.name, self._projection.version
        async with self._models.engine.connect() as connection:
            known = [g for g in await generations(connection, name) if g.status == "previous"]
            if not known:
                raise RebuildError(f"{name} has no previous generation: there is nothing to go back to.")
            target = known[-1]
            if target.version != version:
                raise RebuildError(
                    f"The previous generation of {name} is of version {target.version}, this release writes version"
                    f" {version}: start the release that knows version {target.version}, it makes its own tables live."
                )
            lacking = await missing_columns(connection, self._projection, target.schema)
        if lacking:
            raise RebuildError(
                f"The previous generation of {name} lacks {', '.join(lacking)}, which this release writes:"
                " rebuild instead of going back."
            )
        return target

    async def _promote(self, target: Generation, progress: Progress | None) -> Generation:
        while await self._filling(target).run(Bound(), progress) > PAGE:
            # what came meanwhile, until it is little
            pass
        try:
            async with self._models.engine.begin() as connection:
                await connection.execute(text(f"set local lock_timeout = '{_LOCK_WAIT}'"))
                # nobody moves a mark now, so nobody applies
                await connection.execute(text("lock table es.tracking in exclusive mode"))
                await self._filling(target).run(Bound(await self._live_marks(connection)), progress, connection)
                await flip(connection, self._projection, target)
        except OperationalError as error:
            raise RebuildError(
                f"{self._projection.name} could not be flipped, its marks were locked for {_LOCK_WAIT}: try again."
                f" What is live stays live. ({error.orig})"
            ) from error
        async with self._models.engine.connect() as connection:
            known = await generations(connection, self._projection.name)
        return next(g for g in known if g.number == target.number)

    async def _live_marks(self, connection: AsyncConnection) -> dict[tuple[str, int], int]:
        for known in await generations(connection, self._projection.name):
            if known.status == "active":
                return await marks_of(connection, known.schema)
        return {}

    def _filling(self, target: Generation) -> Filling:
        return Filling(self._store, self._models, self._projection, target.schema, self._foreign)

    @asynccontextmanager
    async def _alone(self, *, wait: bool = False) -> AsyncIterator[None]:
        """One rebuild of a projection at a time; a builder that dies gives way at once."""
        async with self._models.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            key = {"key": f"projection {self._projection.name}"}
            how = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
            taken = await connection.scalar(text(f"select {how}(hashtextextended(:key, 0))"), key)
            if taken is False:
                raise RebuildError(f"Another rebuild of {self._projection.name} is under way: wait until it is done.")
            try:
                yield
            finally:
                await connection.execute(text("select pg_advisory_unlock(hashtextextended(:key, 0))"), key)


async def drop_generations(models: ReadModels, projection: Projection, *, kept: str | None = None) -> Sequence[str]:
    """Remove what is not live: the previous generations and unfinished ones, or a kept model of a past moment.

    :param kept: the name under which it was kept.
    :returns: the schemas that were dropped.
    """
    async with models.engine.begin() as connection:
        dropped = [
            known.schema
            for known in await generations(connection, projection.name)
            if (known.schema == kept_schema(kept, projection) if kept else known.status in ("previous", "building"))
        ]
        for schema in dropped:
            await drop(connection, schema)
    return dropped


def kept_schema(name: str, projection: Projection) -> str:
    """Where a read model of a past moment is kept for queries."""
    return f"asof_{name}_{projection.name}"
