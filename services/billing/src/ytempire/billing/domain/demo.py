"""The demonstration video of an account: one in its life, beside the day's slots.

It is the first video that is asked for. While it is under way, and once it is made, every other one is an ordinary one;
if it fails or is refused it may be asked for again, a few times: what is free must not be asked for without end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ytempire.billing.domain.slots import ConsumeVideo, ReleaseVideo, ReserveVideo, VideoCommand
from ytempire.events import Event
from ytempire.events.billing import VideoSlotConsumed, VideoSlotReleased, VideoSlotReserved
from ytempire.eventstore import Decider

MOST_TRIES = 3
_PREFIX = "demo-video-"


@dataclass(frozen=True)
class Demo:
    video_id: str | None = None
    """The video that is, or is to be, the demonstration."""
    made: bool = False
    tried: frozenset[str] = frozenset()
    """Every video that was to be it."""

    @property
    def open(self) -> bool:
        """Whether the next video is the demonstration."""
        return self.video_id is None and len(self.tried) < MOST_TRIES


def decide(state: Demo, command: VideoCommand) -> Sequence[Event]:
    """Nothing for a video that is not, or may not be, the demonstration: it needs a slot of the day."""
    user_id, video_id = command.user_id, command.video_id
    held = state.video_id == video_id and not state.made
    match command:
        case ReserveVideo():
            free = state.open and video_id not in state.tried and command.allowance.active
            reserved = VideoSlotReserved(user_id=user_id, video_id=video_id, day=command.day, demo=True)
            return [reserved] if free else []
        case ConsumeVideo():
            return [VideoSlotConsumed(user_id=user_id, video_id=video_id)] if held else []
        case ReleaseVideo():
            return [VideoSlotReleased(user_id=user_id, video_id=video_id)] if held else []


def evolve(state: Demo, event: Event) -> Demo:
    match event:
        case VideoSlotReserved(video_id=video_id):
            return replace(state, video_id=video_id, tried=state.tried | {video_id})
        case VideoSlotConsumed():
            return replace(state, made=True)
        case VideoSlotReleased():
            return replace(state, video_id=None)
        case _:
            return state


DEMO: Decider[Demo, VideoCommand] = Decider(Demo, decide, evolve)


def stream(user_id: str) -> str:
    return f"{_PREFIX}{user_id}"


def is_stream(name: str) -> bool:
    """Whether a stream is that of a demonstration, and not of a day's slots."""
    return name.startswith(_PREFIX)
