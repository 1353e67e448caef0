"""The short form of `slots.py`."""

from __future__ import annotations

from tests.customers.slots import CHANNELS_OF_THE_PLAN, DEMOS, VIDEOS_A_DAY, ZONES, measure

CHANNELS, VIDEOS, MORE = CHANNELS_OF_THE_PLAN, VIDEOS_A_DAY + DEMOS, 4


def test_what_is_asked_for_at_once_gets_exactly_what_the_plan_has() -> None:
    """Given a customer of the smallest plan, when more is asked for at one instant, then the rest is refused."""
    got = measure(VIDEOS + MORE, CHANNELS)
    assert got["accepted"] == got["limit"] == VIDEOS + CHANNELS
    # none of the zones brought another video
    assert got["answers"]["daily_video_limit"] == MORE + len(ZONES)
