"""What the video's page on YouTube says: title, description, chapters, tags."""

from __future__ import annotations

import re
from collections import Counter

from pydantic import BaseModel, ConfigDict

from ytempire.media.domain.script import Script
from ytempire.media.writer.brief import Brief
from ytempire.media.writer.text import STOP_WORDS, stem, words
from ytempire.media.writer.wordlist import listed

MAX_TITLE = 100
MAX_TAGS = 15
_MAX_TAG_CHARACTERS = 400
_PLAIN = frozenset(
    listed(
        "first second next last new old make makes made take takes year years day days people way much thing things "
        "number step good better best each every said say says called come comes still without later became"
    )
)


class DescribedChapter(BaseModel):
    """A chapter of the description; its time comes from the narration: the start of line ``first_line``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    first_line: int


class Description(BaseModel):
    """The parts of a YouTube description, for the media service to put times and links into."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    """At most 100 characters, without the signs YouTube refuses."""
    summary: str
    """One or two sentences of the script."""
    chapters: tuple[DescribedChapter, ...]
    """The first stands at the first line; empty if there are fewer than three, which YouTube would not show."""
    sources: tuple[str, ...]
    disclosures: tuple[str, ...]
    """How the video was made and what it is no substitute for; the affiliate line is added with the links."""
    tags: tuple[str, ...]

    def text(self, times: tuple[str, ...] = ()) -> str:
        """The description as one text; ``times`` (``0:00``) belong to the chapters in order."""
        parts = [self.summary]
        if self.chapters and len(times) == len(self.chapters):
            parts.append("Chapters\n" + "\n".join(f"{t} {c.title}" for t, c in zip(times, self.chapters, strict=True)))
        if self.sources:
            parts.append("Sources\n" + "\n".join(f"- {s}" for s in self.sources))
        return "\n\n".join([*parts, "\n".join(self.disclosures)]).replace("<", "").replace(">", "")


def describe(script: Script, brief: Brief) -> Description:
    """Title, summary, chapters, sources, disclosures and tags of a script."""
    return Description(
        title=video_title(script.title),
        summary=_summary(script),
        chapters=_chapters(script),
        sources=script.sources,
        disclosures=_disclosures(script, brief),
        tags=tags(script, brief),
    )


def video_title(title: str) -> str:
    """A title that YouTube takes: one line, no angle brackets, at most 100 characters, cut between words."""
    plain = re.sub(r"\s+", " ", re.sub(r"[<>]", "", title)).strip() or "Untitled"
    plain = plain[:1].upper() + plain[1:]
    if len(plain) <= MAX_TITLE:
        return plain
    return plain[: MAX_TITLE - 1].rsplit(" ", 1)[0].rstrip(" ,;:-") + "…"


def _summary(script: Script) -> str:
    lines = [x.text for x in script.lines if x.kind == "hook"][:2]
    lines += [x.text for x in script.lines if x.kind == "promise"][:1]
    return " ".join(lines) or (script.lines[0].text if script.lines else script.title)


def _chapters(script: Script) -> tuple[DescribedChapter, ...]:
    found = [DescribedChapter(title="Start", first_line=0)]
    for chapter in script.chapters:
        first = next((x.index for x in script.lines if x.chapter == chapter.index), None)
        if first is not None:
            found.append(DescribedChapter(title=re.sub(r"[<>]", "", chapter.title), first_line=first))
    if found[1:] and found[1].first_line == 0:
        found = found[1:]
    return tuple(found) if len(found) >= 3 else ()


def _disclosures(script: Script, brief: Brief) -> tuple[str, ...]:
    found = [brief.meta["disclaimer"]] if brief.meta.get("disclaimer") else []
    made = "The voice and the pictures of this video were made by computer"
    return (*found, f"{made}; its facts come from the sources above." if script.sources else f"{made}.")


def tags(script: Script, brief: Brief) -> tuple[str, ...]:
    """Keywords: those the brief names, people, places and terms, then the words the script says most."""
    found = [k.strip().lower() for k in re.split(r"[;,]", brief.meta.get("keywords", "")) if k.strip()]
    counts = Counter(n for x in script.lines for n in (*x.people, *x.places))
    found += [name.lower() for name, _ in counts.most_common(5)]
    found += _frequent(script)
    kept: list[str] = []
    for tag in found:
        clean = re.sub(r"[<>,\"]", "", tag).strip()
        fits = sum(len(t) + 2 for t in kept) + len(clean) <= _MAX_TAG_CHARACTERS
        if (
            2 < len(clean) <= 30
            and clean not in kept
            and fits
            and not (" " not in clean and any(clean in t.split() for t in kept))
        ):
            kept.append(clean)
    return tuple(kept[:MAX_TAGS])


def _frequent(script: Script) -> list[str]:
    counts: Counter[str] = Counter()
    shape: dict[str, str] = {}
    title = {stem(w) for w in words(script.title)}
    for line in script.lines:
        if line.kind in ("fact", "hook"):
            for word in words(line.text):
                low = word.lower().removesuffix("'s")
                if len(low) > 3 and low not in STOP_WORDS and low not in _PLAIN:
                    counts[stem(low)] += 1 + 2 * (stem(low) in title)
                    shape.setdefault(stem(low), low)
    return [shape[s] for s, n in sorted(counts.items(), key=lambda x: (-x[1], x[0])) if n > 1][:8]
