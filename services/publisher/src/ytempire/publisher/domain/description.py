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
_GAP = "\n\n"
_UNTITLED = "Untitled"
_SYNTHETIC = "The voice of this video is synthetic. Script, pictures and sound were made with automated tools."


@dataclass(frozen=True)
class Metadata:
    title: str
    description: str
    tags: tuple[str, ...]


def metadata_of(video: VideoNoted, links: Sequence[AffiliateLink]) -> Metadata:
    """What is sent to YouTube; the same for the same video."""
    title = " ".join(_plain(video.title).split())[:TITLE_CHARS].strip()
    return Metadata(title or _UNTITLED, _description(video, links), _tags(video.tags))


def _description(video: VideoNoted, links: Sequence[AffiliateLink]) -> str:
    """The summary first, as a viewer reads it; but what must be said is given its room before the summary is."""
    said = [_SYNTHETIC if video.synthetic_voice else "", *map(_offer, links)]
    needed = _joined([], said)
    summary = _cut(_plain(video.summary).strip(), DESCRIPTION_BYTES - len(needed.encode()) - len(_GAP))
    wished = [_chapters(video.chapters), _listed("Sources", video.sources), _listed("Credits", video.credits)]
    return _joined([summary, needed], wished)


def _offer(link: AffiliateLink) -> str:
    """Disclosure and link are one block: there is never the one without the other."""
    return f"{_plain(link.disclosure)}\n{_plain(link.text)}: {_plain(link.url)}"


def _joined(kept: Sequence[str], wished: Sequence[str]) -> str:
    """``kept`` and then each wished block that still fits."""
    text = _GAP.join(filter(None, kept))
    for block in filter(None, wished):
        longer = f"{text}{_GAP}{block}" if text else block
        if len(longer.encode()) <= DESCRIPTION_BYTES:
            text = longer
    return text


def _cut(text: str, most: int) -> str:
    """The first ``most`` bytes, without half a character."""
    return text.encode()[: max(most, 0)].decode(errors="ignore").strip()


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
