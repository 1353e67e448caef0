"""Captions with the spoken word highlighted, timed by the narration's own words."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ytempire.media.domain.narration import Narration, TimedWord
from ytempire.media.studio.color import RGB, contrast, mix
from ytempire.media.studio.fonts import Font, advance, clean
from ytempire.media.studio.kit import Kit
from ytempire.media.studio.motion import FPS, back, ramp
from ytempire.media.studio.shapes import rounded
from ytempire.media.studio.sprite import HEIGHT, WIDTH, Canvas, Sprite, blit, flat, xblit
from ytempire.media.studio.text import Type, glyphs

BASELINE = 968
_WIDEST = 1400
_LONGEST = 7
_GLUE_WORDS = """
a an the of in on at to by for from with and or but than that which who its their his her is are was were be
about over under into per as no not
"""
_GLUE = frozenset(_GLUE_WORDS.split())


@dataclass(frozen=True)
class CaptionLine:
    """Words shown together, between two times in seconds."""

    words: tuple[TimedWord, ...]
    start_s: float
    end_s: float


def caption_lines(narration: Narration, font: Font) -> tuple[CaptionLine, ...]:
    """Breaks the narration into caption lines at punctuation and before clause words."""
    groups: list[list[TimedWord]] = []
    for word in narration.words:
        current = groups[-1] if groups else []
        if current and word.line == current[-1].line and not _full(current, word, font):
            current.append(word)
        else:
            groups.append([word])
    groups = _settled(groups, font)
    lines = []
    for i, group in enumerate(groups):
        after = groups[i + 1][0].start_s if i + 1 < len(groups) else narration.duration_s
        start = group[0].start_s - 3 / FPS
        lines.append(CaptionLine(tuple(group), start, min(after - 3 / FPS, group[-1].end_s + 0.9)))
    return tuple(lines)


def _text(words: list[TimedWord]) -> str:
    return " ".join(clean(w.text) for w in words)


def _full(current: list[TimedWord], word: TimedWord, font: Font) -> bool:
    last = current[-1].text
    if len(current) >= 3 and last[-1:] in ".?!;:" and not last[:-1].isdigit():
        return True
    if len(current) >= 4 and last.endswith(","):
        return True
    if len(current) >= _LONGEST or advance(_text([*current, word]), font) > _WIDEST:
        return True
    return len(current) >= 5 and word.text.lower() in ("and", "but", "because", "which", "while", "when", "so", "or")


def _settled(groups: list[list[TimedWord]], font: Font) -> list[list[TimedWord]]:
    """Moves articles and numbers to the line of the word they belong to, and joins orphans to their line."""
    for a, b in pairwise(groups):
        if a[0].line != b[0].line:
            continue
        while len(a) > 3 and (a[-1].text.lower() in _GLUE or a[-1].text[-1:].isdigit()):
            b.insert(0, a.pop())
        while len(b) == 1 and len(a) > 3:
            b.insert(0, a.pop())
    return [g for g in groups if g]


@dataclass(frozen=True)
class _Prepared:
    past: Sprite
    coming: Sprite
    active: Sprite
    pill: Sprite
    x: float
    width: float


class Captions:
    """Draws the caption of any frame, in colours that read on the given ground."""

    def __init__(self, kit: Kit, narration: Narration) -> None:
        self.kit = kit
        self.font = Type(kit).label(46)
        self.lines = caption_lines(narration, self.font)
        self._starts = [line.start_s for line in self.lines]
        self._prepare = lru_cache(maxsize=4)(self._prepared)
        self._scrim = _scrim(kit.colours.ink)

    def draw(self, canvas: Canvas, frame: int, ground: str, scrim: bool = False) -> None:
        """Draws what is said at this frame of the film; ``scrim`` darkens the band first, for pictures."""
        if scrim:
            blit(canvas, self._scrim, 0, HEIGHT - self._scrim.height)
        now = frame / FPS
        index = bisect_right(self._starts, now) - 1
        if index < 0 or now >= self.lines[index].end_s:
            return
        line = self.lines[index]
        prepared = self._prepare(index, "night" if scrim else ground)
        spoken = bisect_right([w.start_s for w in line.words], now + 0.5 / FPS) - 1
        for i, (word, part) in enumerate(zip(line.words, prepared, strict=True)):
            if i == spoken and now < word.end_s + 0.25:
                pop = back(ramp(frame, word.start_s * FPS, 4), 1.0)
                centre = part.x + part.width / 2
                if pop < 0.999:
                    xblit(canvas, part.pill, centre, BASELINE - 17, 0.9 + 0.1 * pop)
                else:
                    blit(canvas, part.pill, centre - part.pill.width / 2, BASELINE - 17 - part.pill.height / 2)
                blit(canvas, part.active, part.x, BASELINE)
            else:
                blit(canvas, part.past if i <= spoken else part.coming, part.x, BASELINE)

    def _prepared(self, index: int, ground: str) -> tuple[_Prepared, ...]:
        g, colours = self.kit.colours.ground(ground), self.kit.colours
        line, font = self.lines[index], self.font
        texts = [clean(w.text) for w in line.words]
        widths = [advance(t, font) for t in texts]
        gap = font.size * 0.44
        x = (WIDTH - sum(widths) - gap * (len(texts) - 1)) / 2
        key = colours.accent if g.dark else g.key
        on_key: RGB = max((colours.ink, colours.white), key=lambda c: contrast(c, key))
        dim = mix(g.bg, g.fg, 0.58)
        out = []
        for text, width in zip(texts, widths, strict=True):
            pill = rounded(round(width + font.size * 0.42), round(font.size * 1.38), 11 * max(0.5, self.kit.radius))
            out.append(
                _Prepared(
                    glyphs(text, font, g.fg), glyphs(text, font, dim), glyphs(text, font, on_key),
                    flat(pill, key, trim=False), x, width,
                )
            )  # fmt: skip
            x += width + gap
        return tuple(out)


def _scrim(ink: RGB) -> Sprite:
    column = (np.linspace(0, 1, 260, dtype=np.float32) ** 1.3 * 0.82 * 255).astype(np.uint8)
    return flat(np.repeat(column[:, None], WIDTH, axis=1), ink, trim=False)
