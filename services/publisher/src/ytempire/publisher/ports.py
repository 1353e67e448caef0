"""What publisher needs from the outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ytempire.publisher.domain.description import Metadata


class ConsentError(Exception):
    """Google did not accept the person's code: it was used, expired, or granted too little."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RefusedByYouTubeError(Exception):
    """YouTube refused for a reason that trying again does not change."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SessionGoneError(Exception):
    """YouTube forgot the upload session; whether the upload was complete must be found out another way."""


@dataclass(frozen=True)
class Grant:
    refresh_token: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class ChannelFacts:
    youtube_channel_id: str
    title: str
    monetised: bool


@dataclass(frozen=True)
class UploadRequest:
    metadata: Metadata
    privacy: str
    synthetic: bool
    paid_placement: bool
    file: Path
    media_type: str


@dataclass(frozen=True)
class Published:
    """A video as YouTube has it."""

    platform_video_id: str
    processed: bool
    failure: str | None
    title: str
    description: str
    privacy: str
    synthetic: bool
    made_for_kids: bool
    caption_languages: tuple[str, ...]
    custom_thumbnail: bool


SessionKeeper = Callable[[str], Awaitable[None]]


class YouTube(Protocol):
    """YouTube on behalf of one connected channel."""

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        """:raises ConsentError: if the code is not accepted."""

    async def channel(self, refresh_token: str) -> ChannelFacts:
        """:raises ConsentError: if the account has no channel."""

    async def upload(self, refresh_token: str, request: UploadRequest, session: str | None, keep: SessionKeeper) -> str:
        """Send the file, continuing an earlier session, and return YouTube's id of the video.

        A new session's address is given to ``keep`` before the first byte is sent.
        """

    async def set_thumbnail(self, refresh_token: str, platform_video_id: str, file: Path) -> None: ...

    async def add_captions(self, refresh_token: str, platform_video_id: str, file: Path, language: str) -> None:
        """Adds the track unless the video has one of this language."""

    async def read_back(self, refresh_token: str, platform_video_id: str) -> Published | None: ...
