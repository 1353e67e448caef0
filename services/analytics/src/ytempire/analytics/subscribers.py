"""Foreign events in."""

from __future__ import annotations

from dataclasses import replace

from ytempire.analytics.features.account import Account
from ytempire.analytics.features.collect import Collect
from ytempire.analytics.features.monetize import Monetize
from ytempire.events.billing import InvoicePaid
from ytempire.events.media import CostIncurred, VideoRendered, VideoRenderFailed
from ytempire.events.publisher import ChannelConnected, ChannelDisconnected, VideoPublished
from ytempire.eventstore import Delivery, Handlers


def subscriptions(collect: Collect, monetize: Monetize, account: Account) -> Handlers:
    async def published(event: VideoPublished, delivery: Delivery) -> None:
        await collect.note_publication(event, replace(delivery, consumer=f"{delivery.consumer}/figures"))
        await account.post_publication(event, delivery)

    return {
        ChannelConnected: collect.note_channel,
        ChannelDisconnected: collect.leave_channel,
        VideoPublished: published,
        VideoRendered: monetize.note_video,
        VideoRenderFailed: account.note_failure,
        CostIncurred: account.note_cost,
        InvoicePaid: account.post_invoice,
    }
