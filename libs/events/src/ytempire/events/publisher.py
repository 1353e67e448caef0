"""Channels, publication, read-back."""

from __future__ import annotations

from datetime import date, datetime

from ytempire.events.base import Event, Rejected
from ytempire.events.values import AffiliateLink, Id, Sealed


class ChannelConnected(Event, owner="publisher"):
    """A YouTube channel belongs to the account from now on; publisher may upload to it, analytics may read it."""

    channel_id: Id
    user_id: Id
    niche_id: str
    youtube_channel_id: str
    title: str
    monetised: bool
    """Past the Partner Programme's thresholds and accepted: it earns from ads."""
    scopes: tuple[str, ...]
    analytics_grant: Sealed
    """A refresh token for reading figures, sealed to analytics."""


class ChannelConnectionRejected(Rejected, owner="publisher"):
    channel_id: Id
    user_id: Id


class ChannelDisconnected(Event, owner="publisher"):
    """A channel was left, by its owner or because Google withdrew the consent."""

    channel_id: Id
    user_id: Id
    reason: str


class QuotaReserved(Event, owner="publisher"):
    """Part of the project's YouTube quota of a Pacific day is held for an upload."""

    video_id: Id
    user_id: Id
    bucket: str
    amount: int
    day: date


class VideoScheduled(Event, owner="publisher"):
    """Publishing was agreed to: the upload begins at ``publish_at``."""

    video_id: Id
    user_id: Id
    channel_id: Id
    publish_at: datetime
    privacy: str


class PublishRejected(Rejected, owner="publisher"):
    video_id: Id
    user_id: Id


class UploadStarted(Event, owner="publisher"):
    """The file is on its way to YouTube."""

    video_id: Id
    user_id: Id
    channel_id: Id
    bytes: int


class VideoPublished(Event, owner="publisher"):
    """The video is on YouTube."""

    video_id: Id
    user_id: Id
    channel_id: Id
    platform_video_id: str
    url: str
    privacy: str
    published_at: datetime


class VideoPublishFailed(Event, owner="publisher"):
    """Publishing was given up; the video itself is whole."""

    video_id: Id
    user_id: Id
    channel_id: Id
    code: str
    message: str


class PublicationVerified(Event, owner="publisher"):
    """What YouTube answers when asked afterwards, compared with what was sent."""

    video_id: Id
    user_id: Id
    channel_id: Id
    platform_video_id: str
    verified: bool
    privacy: str
    differences: tuple[str, ...]


class MonetizationApplied(Event, owner="publisher"):
    """What the published description really carries, each link with its disclosure."""

    video_id: Id
    user_id: Id
    channel_id: Id
    links: tuple[AffiliateLink, ...]


class ChannelHealthChanged(Event, owner="publisher"):
    """A connected channel stopped working, or works again."""

    channel_id: Id
    user_id: Id
    healthy: bool
    reason: str
