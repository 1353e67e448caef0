"""Own events and the effects that follow them."""

from __future__ import annotations

from collections.abc import Sequence

from ytempire.events.publisher import VideoPublished, VideoScheduled
from ytempire.eventstore import Reaction
from ytempire.publisher.domain.events import (
    AutoPublishDue,
    ConnectionAsked,
    ConnectionSlotDenied,
    ConnectionSlotHeld,
    GrantKept,
    MonetizationNoted,
    ReadBackDue,
    VideoNoted,
)
from ytempire.publisher.features.connect import Connect
from ytempire.publisher.features.publish_by_itself import PublishByItself
from ytempire.publisher.features.upload import Upload


def reactions(connect: Connect, upload: Upload, by_itself: PublishByItself) -> Sequence[Reaction]:
    news = (ConnectionAsked, ConnectionSlotHeld, ConnectionSlotDenied, GrantKept)
    return (
        Reaction("publisher-connections", dict.fromkeys(news, connect.proceed), concurrency=8),
        Reaction(
            "publisher-by-itself",
            dict.fromkeys((VideoNoted, MonetizationNoted, AutoPublishDue), by_itself.consider),
            concurrency=4,
        ),
        Reaction("publisher-uploads", {VideoScheduled: upload.upload}, concurrency=3),
        Reaction("publisher-readback", {VideoPublished: upload.verify, ReadBackDue: upload.verify}, concurrency=3),
    )
