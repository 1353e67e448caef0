"""Publisher's private events."""

from __future__ import annotations

from datetime import date, datetime

from ytempire.events.base import Event
from ytempire.events.values import AffiliateLink, AssetRef, Chapter, Id, Sealed


class ConnectionAsked(Event, owner="publisher", private=True):
    """A person came back from Google's consent page."""

    channel_id: Id
    user_id: Id
    niche_id: str
    sealed: Sealed


class ConnectionSlotHeld(Event, owner="publisher", private=True):
    channel_id: Id
    user_id: Id


class ConnectionSlotDenied(Event, owner="publisher", private=True):
    channel_id: Id
    user_id: Id
    code: str
    field: str
    message: str


class GrantKept(Event, owner="publisher", private=True):
    """The channel's refresh token, encrypted with the channel's own key."""

    channel_id: Id
    user_id: Id
    refresh_token: str
    scopes: tuple[str, ...]


class YouTubeChannelClaimed(Event, owner="publisher", private=True):
    """A YouTube channel belongs to one connection of an account."""

    youtube_channel_id: str
    channel_id: Id


class VideoNoted(Event, owner="publisher", private=True):
    """A finished video, as far as publishing needs it."""

    video_id: Id
    user_id: Id
    channel_id: Id
    title: str
    summary: str
    chapters: tuple[Chapter, ...]
    sources: tuple[str, ...]
    credits: tuple[str, ...]
    tags: tuple[str, ...]
    video: AssetRef
    thumbnail: AssetRef
    captions: AssetRef
    synthetic_voice: bool


class MonetizationNoted(Event, owner="publisher", private=True):
    video_id: Id
    user_id: Id
    affiliate: tuple[AffiliateLink, ...]


class ApprovalNoted(Event, owner="publisher", private=True):
    """A person approved the finished video: kept as proof of human editorial input."""

    video_id: Id
    user_id: Id


class AutoPublishNoted(Event, owner="publisher", private=True):
    """Whether an account, or one of its channels, has finished videos published by themselves."""

    user_id: Id
    channel_id: Id | None = None
    wanted: bool | None
    """Null for a channel that has no word of its own."""
    version: int


class AutoPublishDelayed(Event, owner="publisher", private=True):
    """A video that publishes itself waits for tomorrow's uploads."""

    video_id: Id
    user_id: Id
    until: datetime


class AutoPublishDue(Event, owner="publisher", private=True):
    """The day's uploads are back. A timer's event."""

    video_id: Id
    user_id: Id


class UploadTaken(Event, owner="publisher", private=True):
    """One upload of the project's daily bucket is taken."""

    video_id: Id
    day: date


class UploadSessionOpened(Event, owner="publisher", private=True):
    """YouTube gave an address to send the file to; it is as good as a password, so it is encrypted."""

    video_id: Id
    user_id: Id
    session: str


class VideoUploaded(Event, owner="publisher", private=True):
    """The whole file is at YouTube; thumbnail and captions follow."""

    video_id: Id
    user_id: Id
    platform_video_id: str


class ReadBackDue(Event, owner="publisher", private=True):
    """YouTube was still processing the video; the time to look again has come."""

    video_id: Id
    user_id: Id
    channel_id: Id
    platform_video_id: str
