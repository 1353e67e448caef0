"""The demonstration video: given, when, then; and whatever happens, one in an account's life beside the day's slots."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.billing.domain import demo, slots
from ytempire.events import Event
from ytempire.events.billing import VideoSlotConsumed, VideoSlotReleased, VideoSlotReserved
from ytempire.eventstore import new_id

USER = new_id()
VIDEOS = [new_id() for _ in range(12)]
DAY = date(2026, 11, 27)
PLAN = slots.Allowance(True, "starter", 2)


def reserve(video: str, allowance: slots.Allowance = PLAN, day: date = DAY) -> slots.ReserveVideo:
    return slots.ReserveVideo(USER, video, day, allowance)


def reserved(video: str) -> VideoSlotReserved:
    return VideoSlotReserved(user_id=USER, video_id=video, day=DAY, demo=True)


def consumed(video: str) -> VideoSlotConsumed:
    return VideoSlotConsumed(user_id=USER, video_id=video)


def released(video: str) -> VideoSlotReleased:
    return VideoSlotReleased(user_id=USER, video_id=video)


ONE, TWO, THREE, FOUR = VIDEOS[:4]


@pytest.mark.parametrize(
    ("given_", "when", "then"),
    [
        ([], reserve(ONE), [reserved(ONE)]),
        ([], reserve(ONE, slots.Allowance(False, None, 0)), []),
        ([], reserve(ONE, slots.Allowance(False, "starter", 2, overdue=True)), []),
        ([reserved(ONE)], reserve(ONE), []),
        ([reserved(ONE)], reserve(TWO), []),
        ([reserved(ONE)], slots.ConsumeVideo(USER, ONE), [consumed(ONE)]),
        ([reserved(ONE)], slots.ConsumeVideo(USER, TWO), []),
        ([reserved(ONE)], slots.ReleaseVideo(USER, ONE), [released(ONE)]),
        ([reserved(ONE), consumed(ONE)], reserve(TWO), []),
        ([reserved(ONE), consumed(ONE)], slots.ReleaseVideo(USER, ONE), []),
        ([reserved(ONE), consumed(ONE)], slots.ConsumeVideo(USER, ONE), []),
        ([reserved(ONE), released(ONE)], reserve(TWO), [reserved(TWO)]),
        ([reserved(ONE), released(ONE)], reserve(ONE), []),
        ([reserved(ONE), released(ONE), reserved(TWO)], slots.ReleaseVideo(USER, ONE), []),
        (
            [reserved(ONE), released(ONE), reserved(TWO), released(TWO), reserved(THREE), released(THREE)],
            reserve(FOUR),
            [],
        ),
    ],
)
def test_what_happens_to_the_demonstration(given_: list[Event], when: slots.VideoCommand, then: list[Event]) -> None:
    assert list(demo.decide(demo.DEMO.fold(given_), when)) == then


@given(
    st.lists(st.tuples(st.sampled_from(["ask", "made", "failed", "midnight"]), st.sampled_from(VIDEOS)), max_size=60)
)
def test_never_more_than_the_day_s_slots_and_one_demonstration_in_an_account_s_life(
    steps: list[tuple[str, str]],
) -> None:
    day, shown, days, where = DAY, list[Event](), dict[date, list[Event]](), dict[str, date | None]()
    for step, video in steps:
        today = days.setdefault(day, [])
        if step == "midnight":
            day += timedelta(days=1)
        elif step == "ask" and video not in where:
            taken = list(demo.decide(demo.DEMO.fold(shown), reserve(video, day=day)))
            shown += taken
            if not taken:
                today += slots.decide_video(slots.VIDEO_SLOTS.fold(today), reserve(video, day=day))
            where[video] = None if taken else day
        elif step in ("made", "failed") and video in where:
            settle = (slots.ConsumeVideo if step == "made" else slots.ReleaseVideo)(USER, video)
            home = where[video]
            if home is None:
                shown += demo.decide(demo.DEMO.fold(shown), settle)
            else:
                days[home] += slots.decide_video(slots.VIDEO_SLOTS.fold(days[home]), settle)
    tries = [event for event in shown if isinstance(event, VideoSlotReserved)]
    assert sum(isinstance(event, VideoSlotConsumed) for event in shown) <= 1
    assert len(tries) - sum(isinstance(event, VideoSlotReleased) for event in shown) <= 1
    assert len(tries) <= demo.MOST_TRIES
    assert all(len(slots.VIDEO_SLOTS.fold(events).held) <= PLAN.limit for events in days.values())
