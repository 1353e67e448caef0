"""A demonstration video is accepted above every other and made in a lane of its own."""

from __future__ import annotations

import pytest

from ytempire.events import Event
from ytempire.events.media import VideoAccepted
from ytempire.eventstore import new_id
from ytempire.media.domain import video as domain
from ytempire.media.domain.events import JobRequested

VIDEO, USER, CHANNEL = new_id(), new_id(), new_id()


def accepted(demo: bool, priority: int) -> VideoAccepted:
    job = JobRequested(
        video_id=VIDEO, user_id=USER, channel_id=CHANNEL, topic=None, brief=None, style="educational", length_s=60,
        priority=priority,
    )  # fmt: skip
    history: list[Event] = []
    for command in (domain.HoldSlot(VIDEO, USER, demo), domain.Request(job), domain.Begin(None)):
        history += domain.decide(domain.VIDEO.fold(history), command)
    (found,) = (event for event in history if isinstance(event, VideoAccepted))
    return found


def test_the_demonstration_has_the_highest_priority_and_says_what_it_is() -> None:
    assert (accepted(True, 5).demo, accepted(True, 5).priority) == (True, 10)


@pytest.mark.parametrize(("asked", "given"), [(5, 5), (1, 1), (10, 9), (99, 9)])
def test_no_other_video_gets_the_priority_of_a_demonstration(asked: int, given: int) -> None:
    assert (accepted(False, asked).demo, accepted(False, asked).priority) == (False, given)
