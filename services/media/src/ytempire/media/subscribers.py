"""Foreign events in."""

from __future__ import annotations

from ytempire.events.billing import VideoSlotRefused, VideoSlotReserved
from ytempire.events.gateway import VideoRequested
from ytempire.events.publisher import ChannelConnected
from ytempire.eventstore import Handlers
from ytempire.media.features.intake import Intake


def subscriptions(intake: Intake) -> Handlers:
    return {
        VideoRequested: intake.request,
        VideoSlotReserved: intake.hold_slot,
        VideoSlotRefused: intake.deny_slot,
        ChannelConnected: intake.note_channel,
    }
