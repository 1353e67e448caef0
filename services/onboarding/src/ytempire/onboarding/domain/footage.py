"""What mails say about a video: stream ``mailvideo-<video_id>``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ytempire.events import Event
from ytempire.eventstore import Decider
from ytempire.onboarding.domain.events import MailPublicationNoted, MailVideoNoted


def stream_of(video_id: str) -> str:
    """Name of a video's stream in this service."""
    return f"mailvideo-{video_id}"


@dataclass(frozen=True, slots=True)
class Footage:
    title: str | None = None
    url: str | None = None


def evolve(state: Footage, event: Event) -> Footage:
    match event:
        case MailVideoNoted():
            return replace(state, title=event.title)
        case MailPublicationNoted():
            return replace(state, url=event.url)
        case _:
            return state


FOOTAGE: Decider[Footage, None] = Decider(Footage, lambda state, command: (), evolve)
