"""Caption tracks: the narration's words in short cues, as SubRip and as WebVTT."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

from ytempire.media.domain.narration import Narration, TimedWord
from ytempire.media.domain.script import Script

MAX_LINE_CHARS = 42
MAX_LINES = 2
MIN_CUE_S = 1.0
MAX_CUE_S = 6.0
_LINGER_S = 0.4
_BETWEEN_S = 0.04
_CLAUSE_ENDS = (",", ";", ":", "—", "–", ".", "?", "!")
_OPENERS = frozenset(
    {
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "with",
        "that",
        "which",
        "who",
        "when",
        "where",
        "because",
        "than",
        "as",
        "into",
    }
)


class Cue(NamedTuple):
    """One caption: when it is shown, and its one or two lines."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


def cues(narration: Narration, script: Script) -> list[Cue]:
    """Return the captions of a narration: at most 42 characters a line and two lines, 1 to 6 s each, never two at once.

    Raises ``ValueError`` if the narration is not one of this script.
    """
    if len(narration.lines) != len(script.lines):
        raise ValueError(f"the narration has {len(narration.lines)} lines, the script {len(script.lines)}")
    parts: list[Sequence[TimedWord]] = []
    for index in range(len(script.lines)):
        words = [w for w in narration.words if w.line == index]
        if words:
            parts += _divide(words)
    return _timed(parts, narration.duration_s)


def to_srt(narration: Narration, script: Script) -> str:
    """Return the captions as a SubRip file."""
    blocks = [
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n" + "\n".join(cue.lines) + "\n"
        for number, cue in enumerate(cues(narration, script), 1)
    ]
    return "\n".join(blocks)


def to_vtt(narration: Narration, script: Script) -> str:
    """Return the captions as a WebVTT file."""
    blocks = [
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n"
        + "\n".join(html.escape(line, quote=False) for line in cue.lines)
        + "\n"
        for cue in cues(narration, script)
    ]
    return "WEBVTT\n\n" + "\n".join(blocks)


def _clock(seconds: float, separator: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{separator}{rest % 1000:03d}"


def _text(words: Sequence[TimedWord]) -> str:
    return " ".join(w.text for w in words)


def _fits(words: Sequence[TimedWord]) -> bool:
    if len(words) == 1:
        return True
    return words[-1].end_s - words[0].start_s <= MAX_CUE_S and len(_wrap(_text(words))) <= MAX_LINES


def _break_cost(words: Sequence[TimedWord], at: int) -> float:
    """Return how bad it is to begin a new cue at word ``at``: best after a clause, worst after an article."""
    before, after = words[at - 1].text, words[at].text
    pause = words[at].start_s - words[at - 1].end_s
    cost = 0.0 if before.endswith(_CLAUSE_ENDS) else 3.0
    cost -= min(2.0, 8.0 * pause)
    if after.lower() in _OPENERS:
        cost -= 1.0
    if before.lower().strip(",.") in _OPENERS:
        cost += 4.0
    if before[-1:].isdigit() or after[:1].isdigit():
        cost += 1.0
    return cost


def _divide(words: Sequence[TimedWord]) -> list[Sequence[TimedWord]]:
    """Divide one sentence into as few cues as it needs, of about equal length, at the best places."""
    count = len(words)
    best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * count
    for end in range(1, count + 1):
        for start in range(end - 1, -1, -1):
            part = words[start:end]
            if not _fits(part):
                break
            short = max(0.0, 1.6 - (part[-1].end_s - part[0].start_s))
            uneven = (len(_text(part)) / (MAX_LINE_CHARS * MAX_LINES)) ** 2
            cost = best[start][0] + 10.0 + 4.0 * uneven + 5.0 * short
            cost += _break_cost(words, start) if start else 0.0
            if cost < best[end][0]:
                best[end] = (cost, start)
    parts: list[Sequence[TimedWord]] = []
    end = count
    while end:
        start = best[end][1]
        parts.append(words[start:end])
        end = start
    return parts[::-1]


def _timed(parts: list[Sequence[TimedWord]], duration_s: float) -> list[Cue]:
    out: list[Cue] = []
    for i, part in enumerate(parts):
        start, spoken_end = part[0].start_s, part[-1].end_s
        next_start = parts[i + 1][0].start_s - _BETWEEN_S if i + 1 < len(parts) else duration_s
        wanted = max(spoken_end + _LINGER_S, start + MIN_CUE_S)
        end = min(wanted, max(next_start, start + 0.1), start + MAX_CUE_S)
        out.append(Cue(start, end, tuple(_wrap(_text(part)))))
    return out


def _wrap(text: str) -> list[str]:
    """Break a cue's text into lines of at most 42 characters, two about equal lines where one is too short."""
    if len(text) <= MAX_LINE_CHARS:
        return [text]
    words = text.split()
    options = []
    for at in range(1, len(words)):
        first, second = " ".join(words[:at]), " ".join(words[at:])
        if max(len(first), len(second)) <= MAX_LINE_CHARS:
            opener = words[at - 1].lower() in _OPENERS
            options.append((abs(len(first) - len(second)) + 12 * opener - 8 * first.endswith(_CLAUSE_ENDS), at))
    if not options:
        return _wrap_greedy(words)
    at = min(options)[1]
    return [" ".join(words[:at]), " ".join(words[at:])]


def _wrap_greedy(words: Sequence[str]) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > MAX_LINE_CHARS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
