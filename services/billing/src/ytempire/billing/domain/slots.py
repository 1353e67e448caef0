"""Slots: the plan's videos of one day, and its channels. Reserved before work starts, given back when it fails.

A day's slots are one stream (``video-slots-<user>-<day>``), so they die with the day of the owner and the stream stays
short. No price is attached: a slot is a right, money is Stripe's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from ytempire.events import Event
from ytempire.events.billing import (
    ChannelSlotRefused,
    ChannelSlotReleased,
    ChannelSlotReserved,
    VideoSlotConsumed,
    VideoSlotRefused,
    VideoSlotReleased,
    VideoSlotReserved,
)
from ytempire.eventstore import Decider


@dataclass(frozen=True)
class Allowance:
    """What the account may do now, from its subscription."""

    active: bool
    plan: str | None
    limit: int
    overdue: bool = False
    """Inactive because an invoice was not paid in its days of grace."""
    disputed: bool = False
    """Inactive because a bank took a payment back."""
    paused_until: datetime | None = None
    """Inactive because the customer paused."""


OVERDUE = (
    "subscription_past_due",
    "The payment of your plan is overdue and its days of grace are over. Pay the open invoice first.",
)
DISPUTED = (
    "payment_disputed",
    "Your bank took a payment back and nothing new is begun until that is settled. Open a ticket if it was a mistake.",
)


def paused(until: datetime) -> tuple[str, str]:
    """Code and sentence."""
    return "subscription_paused", f"The subscription is paused until {until:%d %B %Y}. End the pause to work on."


@dataclass(frozen=True)
class VideoSlots:
    held: frozenset[str] = frozenset()
    """Videos that hold a slot or used one up."""
    consumed: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ReserveVideo:
    user_id: str
    video_id: str
    day: date
    allowance: Allowance


@dataclass(frozen=True)
class ConsumeVideo:
    user_id: str
    video_id: str


@dataclass(frozen=True)
class ReleaseVideo:
    user_id: str
    video_id: str


VideoCommand = ReserveVideo | ConsumeVideo | ReleaseVideo


def decide_video(state: VideoSlots, command: VideoCommand) -> Sequence[Event]:
    match command:
        case ReserveVideo():
            return _reserve_video(state, command)
        case ConsumeVideo(user_id, video_id):
            open_ = video_id in state.held and video_id not in state.consumed
            return [VideoSlotConsumed(user_id=user_id, video_id=video_id)] if open_ else []
        case ReleaseVideo(user_id, video_id):
            open_ = video_id in state.held and video_id not in state.consumed
            return [VideoSlotReleased(user_id=user_id, video_id=video_id)] if open_ else []


def _reserve_video(state: VideoSlots, command: ReserveVideo) -> Sequence[Event]:
    if command.video_id in state.held or command.video_id in state.released:
        return []
    if command.allowance.overdue:
        code, text = OVERDUE
    elif command.allowance.disputed:
        code, text = DISPUTED
    elif command.allowance.paused_until is not None:
        code, text = paused(command.allowance.paused_until)
    elif not command.allowance.active:
        code, text = "no_subscription", "There is no active subscription. Set up a payment to make videos."
    elif len(state.held) >= command.allowance.limit:
        code = "daily_video_limit"
        text = (
            f"The {command.allowance.plan} plan makes {command.allowance.limit} videos a day and all are taken. "
            "Wait for tomorrow or choose a larger plan."
        )
    else:
        return [VideoSlotReserved(user_id=command.user_id, video_id=command.video_id, day=command.day)]
    return [
        VideoSlotRefused(
            user_id=command.user_id, video_id=command.video_id, code=code, field="channel_id", message=text
        )
    ]


def evolve_video(state: VideoSlots, event: Event) -> VideoSlots:
    match event:
        case VideoSlotReserved(video_id=video_id):
            return replace(state, held=state.held | {video_id})
        case VideoSlotConsumed(video_id=video_id):
            return replace(state, consumed=state.consumed | {video_id})
        case VideoSlotReleased(video_id=video_id):
            return replace(state, held=state.held - {video_id}, released=state.released | {video_id})
        case _:
            return state


VIDEO_SLOTS: Decider[VideoSlots, VideoCommand] = Decider(VideoSlots, decide_video, evolve_video)


@dataclass(frozen=True)
class ChannelSlots:
    held: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ReserveChannel:
    user_id: str
    channel_id: str
    allowance: Allowance


@dataclass(frozen=True)
class ReleaseChannel:
    user_id: str
    channel_id: str


ChannelCommand = ReserveChannel | ReleaseChannel


def decide_channel(state: ChannelSlots, command: ChannelCommand) -> Sequence[Event]:
    user_id, channel_id = command.user_id, command.channel_id
    if isinstance(command, ReleaseChannel):
        return [ChannelSlotReleased(user_id=user_id, channel_id=channel_id)] if channel_id in state.held else []
    if channel_id in state.held or channel_id in state.released:
        return []
    allowance = command.allowance
    if allowance.overdue:
        code, text = OVERDUE
    elif allowance.disputed:
        code, text = DISPUTED
    elif allowance.paused_until is not None:
        code, text = paused(allowance.paused_until)
    elif not allowance.active:
        code, text = "no_subscription", "There is no active subscription. Set up a payment to connect channels."
    elif len(state.held) >= allowance.limit:
        code = "channel_limit"
        text = (
            f"The {allowance.plan} plan has {allowance.limit} channels and all are connected. "
            "Disconnect one or choose a larger plan."
        )
    else:
        return [ChannelSlotReserved(user_id=user_id, channel_id=channel_id)]
    return [ChannelSlotRefused(user_id=user_id, channel_id=channel_id, code=code, field="channel_id", message=text)]


def evolve_channel(state: ChannelSlots, event: Event) -> ChannelSlots:
    match event:
        case ChannelSlotReserved(channel_id=channel_id):
            return replace(state, held=state.held | {channel_id})
        case ChannelSlotReleased(channel_id=channel_id):
            return replace(state, held=state.held - {channel_id}, released=state.released | {channel_id})
        case _:
            return state


CHANNEL_SLOTS: Decider[ChannelSlots, ChannelCommand] = Decider(ChannelSlots, decide_channel, evolve_channel)


def video_stream(user_id: str, day: date) -> str:
    return f"video-slots-{user_id}-{day.isoformat()}"


def channel_stream(user_id: str) -> str:
    return f"channel-slots-{user_id}"
