"""Where the film cuts: stretches of narration of three to six seconds, on the narration's own times."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ytempire.media.domain.narration import Narration, TimedWord
from ytempire.media.domain.script import Line, Script, Series
from ytempire.media.studio.motion import FPS
from ytempire.media.studio.words import FUNCTION

LONGEST_S, SHORTEST_S = 6.2, 2.3
LONGEST_PROCESS_S = 13.0
_EARLY_S = 0.14
"""A cut comes a little before the word, so that the picture is there when the word is."""
_JOINS_WORDS = """
and but because which while when so or that who where with for to from into after before until
"""
_JOINS = frozenset(_JOINS_WORDS.split())


@dataclass(frozen=True)
class Shot:
    """A stretch of the film with what is said in it."""

    start: int
    end: int
    """First frame, and the frame after the last."""
    lines: tuple[Line, ...]
    words: tuple[TimedWord, ...]
    series: Series | None = None
    part: int = 0
    """0 for the first (or only) shot of a line, 1.. for its later parts."""
    card: bool = False
    """Whether the shot opens a chapter."""
    step: tuple[int, int] | None = None
    """Which step of how many the shot tells, from 1, when a long process is told step by step."""

    @property
    def frames(self) -> int:
        return self.end - self.start

    @property
    def seconds(self) -> float:
        return self.frames / FPS

    @property
    def text(self) -> str:
        """What is said during the shot, in written form."""
        return " ".join(w.text for w in self.words) or " ".join(line.text for line in self.lines)

    def frame_of(self, phrase: str) -> int:
        """Frame of the shot at which the first word of the phrase is said; 0 when it is not."""
        wanted = [_bare(w) for w in phrase.split()]
        content = next((w for w in wanted if w not in FUNCTION), "")
        said = [_bare(w.text) for w in self.words]
        # The whole phrase, or at least its first word of content.
        for sought in (wanted, [content]):
            for i in range(len(said) - len(sought) + 1):
                if sought and sought[0] and said[i : i + len(sought)] == sought:
                    return max(0, round(self.words[i].start_s * FPS) - self.start - 4)
        return 0


def _bare(word: str) -> str:
    return "".join(c for c in word.lower() if c.isalnum())


def shots(script: Script, narration: Narration, frames: int) -> list[Shot]:
    """The shots of the whole film, without gaps."""
    timed = {t.line: t for t in narration.lines}
    heard = [line for line in script.lines if line.index in timed]
    spoken: dict[int, list[TimedWord]] = {}
    for word in narration.words:
        spoken.setdefault(word.line, []).append(word)
    starts = [max(0, round((timed[line.index].start_s - _EARLY_S) * FPS)) for line in heard]
    if starts:
        starts[0] = 0
    out: list[Shot] = []
    ends = [*starts[1:], frames]
    for first, last, series in _groups(script, heard):
        start, end = starts[first], ends[last]
        if series is not None and series.kind == "process" and end - start > LONGEST_PROCESS_S * FPS:
            steps = _steps(series, heard[first : last + 1])
            for i in range(first, last + 1):
                words = tuple(spoken.get(heard[i].index, []))
                out.append(Shot(starts[i], ends[i], (heard[i],), words, step=steps.get(heard[i].index)))
            continue
        lines = tuple(heard[first : last + 1])
        words = tuple(w for line in lines for w in spoken.get(line.index, []))
        out.append(Shot(start, end, lines, words, series))
    out = _with_cards(out, len(script.chapters))
    out = [part for shot in out for part in _split(shot)]
    return _merged(out)


def _steps(series: Series, lines: list[Line]) -> dict[int, tuple[int, int]]:
    """Line index to its step, for the lines that begin one; the others explain the step before them."""
    found: dict[int, tuple[int, int]] = {}
    count, step = len(series.labels), 0
    for line in lines:
        if step == count:
            break
        wanted = {_bare(w)[:5] for w in series.labels[step].split()} - {""}
        said = {_bare(w)[:5] for w in line.text.split()}
        if line.text.lower().startswith("step ") or len(wanted & said) * 2 > len(wanted):
            step += 1
            found[line.index] = (step, count)
    return found


def _groups(script: Script, heard: list[Line]) -> list[tuple[int, int, Series | None]]:
    """Runs of lines by position: a series' lines together, every other line alone."""
    series_of: dict[int, Series] = {}
    for series in script.series:
        if len(series.labels) >= 2 and not any(i in series_of for i in series.lines):
            series_of.update(dict.fromkeys(series.lines, series))
    groups: list[tuple[int, int, Series | None]] = []
    for i, line in enumerate(heard):
        own = series_of.get(line.index)
        if groups and line.kind == "cta" and heard[i - 1].kind == "cta":
            groups[-1] = (groups[-1][0], i, None)
        elif own is not None and groups and groups[-1][2] is own and groups[-1][1] == i - 1:
            groups[-1] = (groups[-1][0], i, own)
        else:
            groups.append((i, i, own))
    return groups


def _with_cards(found: list[Shot], chapters: int) -> list[Shot]:
    """Gives every chapter an opening card: its first line when that is short, else the line's beginning."""
    out: list[Shot] = []
    last = -1
    for i, shot in enumerate(found):
        chapter = shot.lines[0].chapter
        opens = chapter > last and chapters > 1 and i > 0
        last = max(last, chapter)
        if not opens:
            out.append(shot)
        elif shot.series is None and shot.seconds <= 4.6:
            out.append(_copy(shot, shot.start, shot.end, shot.words, card=True))
        else:
            cut = _cut_near(shot, shot.start + round(2.5 * FPS), 60, 45)
            head = tuple(w for w in shot.words if w.start_s * FPS < cut)
            tail = tuple(w for w in shot.words if w.start_s * FPS >= cut)
            out.append(_copy(shot, shot.start, cut, head, card=True, series=None))
            out.append(
                _copy(shot, cut, shot.end, tail if shot.series is None else shot.words, part=1, series=shot.series)
            )
    return out


def _copy(
    shot: Shot, start: int, end: int, words: tuple[TimedWord, ...], part: int = 0, card: bool = False,
    series: Series | None = None,
) -> Shot:  # fmt: skip
    return Shot(start, end, shot.lines, words, series, part, card)


def _cut_near(shot: Shot, wanted: int, least: int, tail: int) -> int:
    """The best frame for a cut near ``wanted``: at a word, sooner after punctuation or before a joining word."""
    best, score = wanted, 1e9
    for before, word in pairwise(shot.words):
        at = round((word.start_s - _EARLY_S / 2) * FPS)
        if not shot.start + least <= at <= shot.end - tail:
            continue
        cost = abs(at - wanted) / FPS
        cost -= 1.6 if before.text[-1:] in ".!?;:" else 1.3 if before.text[-1:] == "," else 0.0
        cost -= 0.6 if _bare(word.text) in _JOINS else 0.0
        if cost < score:
            best, score = at, cost
    return min(best, shot.end - tail)


def _split(shot: Shot) -> list[Shot]:
    """Cuts a long line into shots at its clauses; a series stays whole, its items are its events."""
    line = shot.lines[0]
    if shot.series is not None or shot.card or shot.step is not None or line.kind == "cta":
        return [shot]
    if len(line.items) >= 3:
        return _before_list(shot)
    if shot.seconds <= LONGEST_S:
        return [shot]
    count = max(2, round(shot.seconds / 4.4))
    step = shot.frames / count
    parts: list[Shot] = []
    rest = shot
    for k in range(1, count):
        cut = _cut_near(rest, round(shot.start + k * step), 60, 60)
        if cut - rest.start < 50 or rest.end - cut < 50:
            continue
        head = tuple(w for w in rest.words if w.start_s * FPS < cut)
        tail = tuple(w for w in rest.words if w.start_s * FPS >= cut)
        if not head or not tail:
            continue
        parts.append(_copy(rest, rest.start, cut, head, part=rest.part))
        rest = _copy(rest, cut, rest.end, tail, part=rest.part + 1)
    return [*parts, rest]


def _before_list(shot: Shot) -> list[Shot]:
    """A line that takes long to come to its enumeration gets a shot of its own for what comes before."""
    named = [f for f in (shot.frame_of(i) for i in shot.lines[0].items) if f > 0]
    if not named or min(named) < 105:
        return [shot]
    cut = _cut_near(shot, shot.start + min(named) - 24, 60, 75)
    if cut > shot.start + min(named) or cut - shot.start < 60:
        return [shot]
    head = tuple(w for w in shot.words if w.start_s * FPS < cut)
    tail = tuple(w for w in shot.words if w.start_s * FPS >= cut)
    return [_copy(shot, shot.start, cut, head), _copy(shot, cut, shot.end, tail, part=1)]


def _merged(found: list[Shot]) -> list[Shot]:
    """Joins a shot that is too short with a neighbour of its chapter."""
    out: list[Shot] = []
    for shot in found:
        before = out[-1] if out else None
        if (
            before is not None
            and before.start > 0
            and not before.card
            and not shot.card
            and before.step is None
            and shot.step is None
            and before.series is None
            and shot.series is None
            and before.lines[0].chapter == shot.lines[0].chapter
            and min(shot.seconds, before.seconds) < SHORTEST_S
            and shot.seconds + before.seconds <= LONGEST_S
            and not before.text.rstrip().endswith("?")
        ):
            lines = tuple(dict.fromkeys((*before.lines, *shot.lines)))
            out[-1] = Shot(before.start, shot.end, lines, (*before.words, *shot.words), None, before.part)
        else:
            out.append(shot)
    return out
