"""Own events and what follows them."""

from __future__ import annotations

from collections.abc import Sequence

from ytempire.events.media import VideoAccepted
from ytempire.eventstore import Handlers, Reaction
from ytempire.media.domain.events import JobRequested, SlotDenied, SlotHeld
from ytempire.media.features.intake import Intake
from ytempire.media.features.produce import Produce


def reactions(intake: Intake, produce: Produce, concurrent_jobs: int) -> Sequence[Reaction]:
    halves: Handlers = {JobRequested: intake.consider, SlotHeld: intake.consider, SlotDenied: intake.consider}
    return (
        Reaction("media-intake", halves, concurrency=8),
        Reaction("media-production", {VideoAccepted: produce.produce}, concurrency=concurrent_jobs),
    )
