"""Title, description and tags within YouTube's limits.

Limits: title 100 characters, description 5,000 bytes, tags 500 characters in all, no angle brackets (YouTube Data API,
videos resource). Chapters need to begin at 0:00 and to be three or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ytempire.events.values import AffiliateLink, Chapter
from ytempire.publisher.domain.events import VideoNoted

TITLE_CHARS = 100
DESCRIPTION_BYTES = 5000
TAGS_CHARS = 480
_MIN_CHAPTERS = 3
_SYNTHETIC = "The voice of this video is synthetic. Script, pictures and sound were made with automated tools."


@dataclass(frozen=True)
class Metadata:
    title: str
    description: str
    tags: tuple[str, ...]


def metadata_of(video: VideoNoted, links: Sequence[AffiliateLink]) -> Metadata:
    """What is sent to YouTube; the same for the same video."""
    return Metadata(_plain(video.title)[:TITLE_CHARS].strip(), _description(video, links), _tags(video.tags))


def _description(video: VideoNoted, links: Sequence[AffiliateLink]) -> str:
    # in the order of importance: what does not fit is cut from the end, disclosures never
    blocks = [
        _plain(video.summary),
        *(f"{link.disclosure}\n{link.text}: {link.url}" for link in links),
        _SYNTHETIC if video.synthetic_voice else "",
        _chapters(video.chapters),
        _listed("Sources", video.sources),
        _listed("Credits", video.credits),
    ]
    text = ""
    for block in filter(None, blocks):
        longer = f"{text}\n\n{block}" if text else block
        if len(longer.encode()) > DESCRIPTION_BYTES:
            break
        text = longer
    return text


def _chapters(chapters: Sequence[Chapter]) -> str:
    if len(chapters) < _MIN_CHAPTERS:
        return ""
    # the first chapter must begin the video
    starts = [0.0, *(c.start_s for c in chapters[1:])]
    return "\n".join(f"{_clock(s)} {_plain(c.title)}" for s, c in zip(starts, chapters, strict=True))


def _listed(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{heading}:", *(f"- {_plain(line)}" for line in lines)]) if lines else ""


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    kept: list[str] = []
    used = 0
    for tag in map(_plain, tags):
        used += len(tag) + (3 if " " in tag else 1)
        if used > TAGS_CHARS:
            break
        kept.append(tag)
    return tuple(kept)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _plain(text: str) -> str:
    return text.replace("<", "").replace(">", "")
