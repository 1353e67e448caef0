"""Analytics' private events."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from ytempire.events.base import Event
from ytempire.events.money import Money
from ytempire.events.values import Id


class ChannelNoted(Event, owner="analytics", private=True):
    """A channel whose figures are collected; its grant is encrypted with the channel's key."""

    channel_id: Id
    user_id: Id
    niche_id: str
    monetised: bool
    refresh_token: str


class ChannelLeft(Event, owner="analytics", private=True):
    channel_id: Id
    user_id: Id


class PublicationNoted(Event, owner="analytics", private=True):
    """A video of ours on the channel."""

    channel_id: Id
    user_id: Id
    video_id: Id
    platform_video_id: str
    published_at: datetime


class CollectionDue(Event, owner="analytics", private=True):
    """The daily time to ask YouTube for a channel's figures has come."""

    channel_id: Id
    user_id: Id


class SalesCollectionDue(Event, owner="analytics", private=True):
    """The daily time to ask the affiliate network for sales has come."""


class VideoNoted(Event, owner="analytics", private=True):
    """A finished video that is to earn."""

    video_id: Id
    user_id: Id
    channel_id: Id
    title: str


class CostNoted(Event, owner="analytics", private=True):
    video_id: Id
    user_id: Id
    channel_id: Id
    cost_id: Id
    day: date
    amount: Money


class FailureNoted(Event, owner="analytics", private=True):
    """The video was never delivered: what it cost is the platform's."""

    video_id: Id
    user_id: Id
    channel_id: Id


class EntryPosted(Event, owner="analytics", private=True):
    """One line of a day's ledger; a later one with the same key replaces it."""

    key: str
    kind: Literal["revenue", "cost", "platform_cost", "subscription", "publication"]
    micros: int
    source: str = ""
    """Revenue source, for revenue."""
    videos: tuple[Id, ...] = ()
    """Videos that earned, for revenue."""
