"""Foreign events in."""

from __future__ import annotations

from ytempire.events.analytics import MonetizationRecommended
from ytempire.events.billing import ChannelSlotRefused, ChannelSlotReserved
from ytempire.events.gateway import ApprovalGiven, ChannelConnectionRequested, PublishRequested
from ytempire.events.media import VideoRendered
from ytempire.events.onboarding import ChannelPreferencesSaved, PreferencesSaved
from ytempire.eventstore import Handlers
from ytempire.publisher.features.connect import Connect
from ytempire.publisher.features.publish_by_itself import PublishByItself
from ytempire.publisher.features.schedule import Schedule


def subscriptions(connect: Connect, schedule: Schedule, by_itself: PublishByItself) -> Handlers:
    return {
        ChannelConnectionRequested: connect.ask,
        ChannelSlotReserved: connect.hold_slot,
        ChannelSlotRefused: connect.deny_slot,
        VideoRendered: schedule.note_video,
        MonetizationRecommended: schedule.note_monetization,
        ApprovalGiven: schedule.note_approval,
        PublishRequested: schedule.request,
        PreferencesSaved: by_itself.note_account,
        ChannelPreferencesSaved: by_itself.note_channel,
    }
