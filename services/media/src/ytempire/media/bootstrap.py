"""Wiring."""

from __future__ import annotations

import base64
from pathlib import Path

import ytempire.media
from ytempire.bus import signal as send_signal
from ytempire.chassis import AssetStore, Definition, Host, Service, ServiceSettings
from ytempire.events.signals import StageProgress
from ytempire.media.adapters.brief_reader import WriterBriefs
from ytempire.media.adapters.openai_hook import OpenAiHook
from ytempire.media.adapters.workers import ChildWorkers
from ytempire.media.features.intake import Intake
from ytempire.media.features.opening import Opening
from ytempire.media.features.produce import Produce
from ytempire.media.projections import videos
from ytempire.media.reactions import reactions
from ytempire.media.subscribers import subscriptions


class Settings(ServiceSettings):
    """Media's own settings."""

    openai_url: str
    openai_key_file: Path
    openai_model: str = "gpt-6-luna"
    concurrent_jobs: int = 1
    """Videos made at the same time; each keeps two cores busy."""


async def build(host: Host[Settings]) -> Service:
    settings = host.settings
    workers = ChildWorkers()
    hooks = OpenAiHook(
        settings.openai_url,
        settings.openai_key_file.read_text().strip(),
        settings.openai_model,
        host.tls,
        host.clock.now,
    )

    async def signal(video_id: str, user_id: str, stage: str, percent: int, detail: str) -> None:
        progress = StageProgress(
            video_id=video_id, user_id=user_id, stage=stage, percent=percent, detail=detail, at=host.clock.now()
        )
        await send_signal(host.nats, f"progress.{video_id}", progress)

    intake = Intake(host.store, WriterBriefs())
    produce = Produce(
        store=host.store,
        workers=workers,
        opening=Opening(host.store, hooks, workers),
        assets=AssetStore(settings.assets_dir, base64.b64decode(settings.secret("assets.sign.key"))),
        clock=host.clock,
        work_dir=settings.var / "work",
        signal=signal,
        channel=intake.channel,
    )
    return Service(subscriptions=subscriptions(intake), reactions=reactions(intake, produce, settings.concurrent_jobs))


DEFINITION = Definition(
    name="media",
    settings=Settings,
    projections=(videos.PROJECTION,),
    build=build,
    package_file=ytempire.media.__file__,
)
