"""A video that cannot be made is refused before any work, with the field at fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from ytempire.chassis.testing import Bench
from ytempire.events.billing import VideoSlotReserved
from ytempire.events.gateway import VideoRequested
from ytempire.events.media import VideoAccepted, VideoRejected
from ytempire.eventstore import new_id
from ytempire.media.bootstrap import DEFINITION
from ytempire.media.domain.video import MAX_TOPIC_CHARS


@pytest.fixture
async def media(run_service: Any) -> AsyncIterator[Bench]:
    async with run_service(DEFINITION) as bench:
        yield bench


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"length_s": 14}, "length_out_of_range", "length_s"),
        ({"topic": "x" * (MAX_TOPIC_CHARS + 1)}, "topic_too_long", "topic"),
        ({}, "channel_not_found", "channel_id"),
    ],
)
async def test_what_cannot_be_made_is_refused(media: Bench, change: dict[str, Any], code: str, field: str) -> None:
    user_id, video_id = new_id(), new_id()
    asked: dict[str, Any] = {"style": "educational", "length_s": 60, "topic": None, "brief": None, "priority": 5}
    request = VideoRequested(video_id=video_id, user_id=user_id, channel_id=new_id(), **asked | change)
    for event in (request, VideoSlotReserved(user_id=user_id, video_id=video_id, day=date(2026, 11, 28))):
        await media.deliver(event, tenant=user_id)
    await media.settle()
    (refused,) = await media.events(VideoRejected)
    assert (refused.code, refused.field) == (code, field)
    assert await media.events(VideoAccepted) == []
