"""Produce an accepted video, stage by stage. Each stage is a process of its own; what it made is recorded with its cost
before the next one starts, so that after a crash the job goes on from there and nothing is paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from ytempire.chassis import AssetStore, Clock
from ytempire.chassis.telemetry import span
from ytempire.events import Event, Money
from ytempire.events.media import CostIncurred, VideoAccepted
from ytempire.eventstore import Delivery, EventStore, TransientError, derived_id
from ytempire.media.compute import Usage, price
from ytempire.media.domain import video as domain
from ytempire.media.domain.events import ChannelNoted, JobRequested
from ytempire.media.domain.manner import manner_of
from ytempire.media.features import results
from ytempire.media.features.opening import Opening
from ytempire.media.features.results import Workspace
from ytempire.media.ports import Progress, Signal, StageFailedError, Workers

_TRIES = 3
_SIGNAL_STEP = 1
"""Percent points between two progress signals."""
log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    """Everything a stage needs to know."""

    request: JobRequested
    channel: ChannelNoted
    files: Workspace


@dataclass(frozen=True)
class Done:
    """What a stage made and used."""

    facts: tuple[Event, ...]
    usage: Usage


@dataclass(frozen=True)
class Produce:
    store: EventStore
    workers: Workers
    opening: Opening
    assets: AssetStore
    clock: Clock
    work_dir: Path
    signal: Signal
    channel: Callable[[str], Awaitable[ChannelNoted | None]]

    async def produce(self, event: VideoAccepted, delivery: Delivery) -> None:
        """The effect of an acceptance. Safe to repeat from any point."""
        state = await self._state(event.video_id)
        if state.over or state.request is None:
            return
        channel = await self.channel(event.channel_id)
        if channel is None:
            raise TransientError("the channel has not arrived yet")
        job = Job(state.request, channel, Workspace(self.work_dir / event.video_id))
        stage = "script"
        try:
            for stage in domain.STAGE_PERCENT:
                if stage not in state.stages or not job.files.has(stage):
                    with span(f"stage {stage}"):
                        await self._stage(stage, job)
            await self._finish(job)
        except StageFailedError as error:
            await self._failed(event.video_id, error, delivery)
        except domain.VideoRefusedError as error:
            await self._execute(event.video_id, domain.Fail(stage, error.code, str(error)))
        await asyncio.to_thread(job.files.remove)

    async def _failed(self, video_id: str, error: StageFailedError, delivery: Delivery) -> None:
        log.warning("stage failed", stage=error.stage, code=error.code, attempt=delivery.attempt, error=str(error))
        if not error.final and delivery.attempt < _TRIES:
            raise TransientError(str(error)) from error
        text = f"The {error.stage} stage could not be finished: {error}"
        await self._execute(video_id, domain.Fail(error.stage, error.code, text[:1000]))

    async def _stage(self, stage: str, job: Job) -> None:
        job.files.folder.mkdir(parents=True, exist_ok=True)
        runs: dict[str, Callable[[Job, Progress], Awaitable[Done]]] = {
            "script": self._script,
            "narration": self._narration,
            "sound": self._sound,
            "render": self._render,
            "quality": self._quality,
        }
        done = await runs[stage](job, self._progress(stage, job.request))
        day = self.clock.now().date()
        cost = CostIncurred(
            cost_id=derived_id(job.request.video_id, stage, "compute"),
            video_id=job.request.video_id,
            user_id=job.request.user_id,
            channel_id=job.request.channel_id,
            stage=stage,
            provider="compute",
            bearer="customer",
            amount=Money(micros=price(done.usage, day).usd_micro, currency="USD"),
            quantity=f"{done.usage.cpu_ms / 1000:.3f} cpu-seconds",
        )
        await self._execute(job.request.video_id, domain.CompleteStage(stage, done.facts, (cost,)))
        job.files.mark(stage)
        await self._signal(job.request, stage, domain.STAGE_PERCENT[stage])

    async def _script(self, job: Job, progress: Progress) -> Done:
        files = job.files
        if job.request.brief is not None:
            files.brief.write_text(job.request.brief, encoding="utf-8")
        usage = await self.workers.run(
            "script",
            "ytempire.media.writer",
            {
                "job": {
                    "task": "write",
                    "brief": files.brief if job.request.brief is not None else None,
                    "topic": job.request.topic or "",
                    "niche_id": job.channel.niche_id,
                    "target_seconds": job.request.length_s,
                    "words_per_minute": manner_of(job.request.style).words_per_minute,
                },
                "result": files.draft,
            },
            files.folder,
            progress,
        )
        rewritten, more = await self.opening.improve(job.request, files)
        facts = await asyncio.to_thread(results.script_facts, job.request, files, self.assets, rewritten)
        return Done(facts, usage + more)

    async def _narration(self, job: Job, progress: Progress) -> Done:
        files, manner = job.files, manner_of(job.request.style)
        usage = await self.workers.run(
            "narration",
            "ytempire.media.voice",
            {
                "script": files.script,
                "out_dir": files.folder,
                "cache_dir": self.work_dir / "voice-cache",
                "settings": {
                    "voice": job.request.voice,
                    "length_scale": manner.length_scale,
                    "sentence_gap_s": manner.sentence_gap_s,
                    "chapter_gap_s": manner.chapter_gap_s,
                },
                "result": files.narration,
            },
            files.folder,
            progress,
        )
        return Done(await asyncio.to_thread(results.narration_facts, job.request, files, self.assets), usage)

    async def _sound(self, job: Job, progress: Progress) -> Done:
        files = job.files
        usage = await self.workers.run(
            "sound",
            "ytempire.media.sound",
            {
                "narration": files.narration,
                "out_wav": files.mix,
                "seed": int(job.request.video_id.replace("-", "")[-8:], 16),
                "accents_s": results.chapter_starts(files),
                "result": files.mix_facts,
            },
            files.folder,
            progress,
        )
        return Done((), usage)

    async def _render(self, job: Job, progress: Progress) -> Done:
        files = job.files
        usage = await self.workers.run(
            "render",
            "ytempire.media.studio",
            {
                "script": files.script,
                "narration": files.narration,
                "audio": files.mix,
                "out": files.video,
                "seed": job.request.channel_id,
                "brand": {
                    "colour": job.request.brand_colour,
                    "accent": job.request.brand_accent,
                    "type": job.request.font_kit,
                },
                "thumbnail": files.thumbnail,
                "storyboard": files.storyboard,
                "watched": files.watched,
                "result": files.render_facts,
            },
            files.folder,
            progress,
        )
        return Done(await asyncio.to_thread(results.render_facts, job.request, files, self.assets), usage)

    async def _quality(self, job: Job, progress: Progress) -> Done:
        files = job.files
        usage = await self.workers.run(
            "quality",
            "ytempire.media.measure",
            {
                "video": files.video,
                "narration": files.narration,
                "captions": files.captions,
                "watched": files.watched,
                "result": files.quality,
            },
            files.folder,
            progress,
        )
        return Done(results.quality_facts(job.request, files), usage)

    async def _finish(self, job: Job) -> None:
        results.demand_quality(job.files)
        rendered = await asyncio.to_thread(results.rendered, job.request, job.files, self.assets)
        await self._execute(job.request.video_id, domain.Finish(rendered))
        await self._signal(job.request, "done", 100)

    def _progress(self, stage: str, request: JobRequested) -> Progress:
        """Maps a stage's own share to the whole job and tells it, a whole percent at a time."""
        order = list(domain.STAGE_PERCENT)
        index = order.index(stage)
        begin = domain.STAGE_PERCENT[order[index - 1]] if index else 0
        span_ = domain.STAGE_PERCENT[stage] - begin
        last = [-1]
        loop = asyncio.get_running_loop()
        told: set[asyncio.Task[None]] = set()

        def report(share: float) -> None:
            percent = begin + int(share * span_)
            if percent >= last[0] + _SIGNAL_STEP:
                last[0] = percent
                task = loop.create_task(self._signal(request, stage, percent))
                told.add(task)
                task.add_done_callback(told.discard)

        return report

    async def _signal(self, request: JobRequested, stage: str, percent: int) -> None:
        await self.signal(request.video_id, request.user_id, stage, percent, "")

    async def _state(self, video_id: str) -> domain.Video:
        state, _ = await self.store.state(domain.VIDEO, domain.stream(video_id))
        return state

    async def _execute(self, video_id: str, command: domain.Command) -> None:
        # no claim: each of these commands decides nothing when it is repeated
        await self.store.execute(domain.VIDEO, domain.stream(video_id), command)
