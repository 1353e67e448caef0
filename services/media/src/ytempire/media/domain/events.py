"""Media's private events."""

from __future__ import annotations

from typing import Literal

from ytempire.events.base import Event
from ytempire.events.money import Money
from ytempire.events.preferences import FontKit
from ytempire.events.values import Id


class JobRequested(Event, owner="media", private=True):
    """A video was asked for; it begins when its slot is held."""

    video_id: Id
    user_id: Id
    channel_id: Id
    topic: str | None
    brief: str | None
    style: str
    length_s: int
    priority: int
    language: str = "en"
    voice: str = "joe"
    brand_colour: str | None = None
    brand_accent: str | None = None
    font_kit: FontKit | None = None


class SlotHeld(Event, owner="media", private=True):
    video_id: Id
    user_id: Id
    demo: bool = False
    """Whether it is the account's demonstration video."""


class SlotDenied(Event, owner="media", private=True):
    video_id: Id
    user_id: Id
    code: str
    field: str
    message: str


class ChannelNoted(Event, owner="media", private=True):
    """A channel videos may be made for."""

    channel_id: Id
    user_id: Id
    niche_id: str
    title: str


class ProviderCallIntended(Event, owner="media", private=True):
    """A paid call is about to be made. If its outcome is missing, the provider is asked, not called again."""

    video_id: Id
    user_id: Id
    call_id: Id
    provider: str
    purpose: str
    estimate: Money


class ProviderCallSettled(Event, owner="media", private=True):
    """What a paid call gave."""

    video_id: Id
    user_id: Id
    call_id: Id
    outcome: Literal["used", "refused", "failed", "skipped"]
    detail: str
