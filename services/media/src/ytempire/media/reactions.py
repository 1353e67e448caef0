"""Own events and what follows them."""

from __future__ import annotations

from collections.abc import Sequence

from ytempire.events.media import VideoAccepted
from ytempire.eventstore import Delivery, Handlers, Reaction
from ytempire.media.domain.events import JobRequested, SlotDenied, SlotHeld
from ytempire.media.domain.video import DEMO_PRIORITY
from ytempire.media.features.intake import Intake
from ytempire.media.features.produce import Produce


def reactions(intake: Intake, produce: Produce, concurrent_jobs: int) -> Sequence[Reaction]:
    halves: Handlers = {JobRequested: intake.consider, SlotHeld: intake.consider, SlotDenied: intake.consider}

    async def ordinary(event: VideoAccepted, delivery: Delivery) -> None:
        if event.priority < DEMO_PRIORITY:
            await produce.produce(event, delivery)

    async def demo(event: VideoAccepted, delivery: Delivery) -> None:
        if event.priority >= DEMO_PRIORITY:
            await produce.produce(event, delivery)

    return (
        Reaction("media-intake", halves, concurrency=8),
        Reaction("media-production", {VideoAccepted: ordinary}, concurrency=concurrent_jobs),
        # a lane of its own: whoever tries the product does not wait behind the work of those who run it
        Reaction("media-demo", {VideoAccepted: demo}, concurrency=1),
    )
