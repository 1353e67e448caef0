"""Words on screen: balanced wrapping, one emphasised phrase, words that rise from behind their own baseline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ytempire.media.studio.color import RGB, Ground, Palette
from ytempire.media.studio.fonts import Font, advance, clean, mask, metrics
from ytempire.media.studio.kit import Kit
from ytempire.media.studio.motion import expo, ramp
from ytempire.media.studio.sprite import Canvas, Clip, Sprite, blit, flat


@lru_cache(maxsize=64)
def glyphs(text: str, font: Font, rgb: RGB) -> Sprite:
    """Sprite of a piece of text; drawn at (pen x, baseline)."""
    plane, pen, base = mask(text, font)
    made = flat(plane, rgb)
    made.dx -= pen
    made.dy -= base
    return made


@dataclass(frozen=True)
class Type:
    """The type voices of a kit, each with one job."""

    kit: Kit

    @property
    def _friendly(self) -> bool:
        return self.kit.type == "friendly"

    def display(self, size: int) -> Font:
        return Font("bricolage", size, 800, 100, -0.01) if self._friendly else Font("archivo", size, 800, 112)

    def title(self, size: int) -> Font:
        return Font("bricolage", size, 750, 100) if self._friendly else Font("archivo", size, 760, 106)

    def numeral(self, size: int) -> Font:
        return Font("bricolage", size, 800, 100, -0.02) if self._friendly else Font("archivo", size, 900, 118, -0.02)

    def condensed(self, size: int) -> Font:
        return Font("bricolage", size, 800, 75, -0.01) if self._friendly else Font("archivo", size, 900, 70, -0.01)

    def body(self, size: int) -> Font:
        return Font("hanken", size, 500) if self._friendly else Font("archivo", size, 500)

    def label(self, size: int) -> Font:
        return Font("hanken", size, 760) if self._friendly else Font("archivo", size, 750)

    def mono(self, size: int) -> Font:
        return Font("jetbrains-mono", size, 500, 100, 0.1)

    def serif(self, size: int) -> Font:
        return Font("bricolage", size, 600, 100) if self._friendly else Font("fraunces", size, 420)

    def emphasis(self, host: Font) -> Font:
        return host if self._friendly else Font("fraunces-italic", round(host.size * 1.04), 500)


@dataclass(frozen=True)
class Style:
    """How a block of text is set; ``leading`` is the line pitch in em."""

    font: Font
    rgb: RGB
    emphasis: Font
    key: RGB
    leading: float = 1.04

    def at(self, size: int) -> Style:
        return Style(self.font.at(size), self.rgb, self.emphasis.at(_kept(self, size)), self.key, self.leading)


def _kept(style: Style, size: int) -> int:
    return round(size * style.emphasis.size / style.font.size)


def style(kit: Kit, font: Font, ground: Ground, leading: float = 1.04, rgb: RGB | None = None) -> Style:
    """Style of a kit on a ground: foreground text, emphasis in the key colour."""
    return Style(font, rgb or ground.fg, Type(kit).emphasis(font), ground.key, leading)


@dataclass(frozen=True)
class Word:
    text: str
    font: Font
    rgb: RGB
    x: float
    line: int
    width: float


@dataclass(frozen=True)
class Block:
    """Text with its line breaks; ``height`` runs from the first capital's top to the last baseline."""

    words: tuple[Word, ...]
    pitch: int
    cap: int
    depth: int
    width: int
    lines: int

    @property
    def height(self) -> int:
        return self.cap + (self.lines - 1) * self.pitch

    def draw(
        self,
        canvas: Canvas,
        frame: float,
        x: float,
        y: float,
        start: float = 0,
        stagger: float = 2,
        duration: float = 17,
        opacity: float = 1.0,
    ) -> None:
        """Draws with the first capital's top at ``y``; word ``i`` rises from frame ``start + i * stagger``."""
        for i, word in enumerate(self.words):
            t = ramp(frame, start + i * stagger, duration)
            if t <= 0:
                continue
            base = round(y) + self.cap + word.line * self.pitch
            drawn = glyphs(word.text, word.font, word.rgb)
            if t >= 1:
                blit(canvas, drawn, x + word.x, base, opacity)
            else:
                floor = base + self.depth + 4
                hidden = (1 - expo(t)) * (self.cap + self.depth + 12)
                clip: Clip = (0, 0, canvas.y.shape[1], floor)
                blit(canvas, drawn, x + word.x, base + hidden, opacity, clip)

    def lands(self, start: float, stagger: float = 2, duration: float = 17) -> float:
        """Frame at which the last word has settled."""
        return start + max(0, len(self.words) - 1) * stagger + duration


_EMPHASIS = re.compile(r"\*([^*]+)\*")


def marked(text: str) -> list[tuple[str, bool]]:
    """Words with whether they stand between asterisks."""
    out: list[tuple[str, bool]] = []
    for i, part in enumerate(_EMPHASIS.split(text)):
        words = part.replace("*", "").split()
        # Punctuation that follows the emphasis belongs to its last word.
        if i and not i % 2 and words and out and not part[:1].isspace() and not any(c.isalnum() for c in words[0]):
            out[-1] = (out[-1][0] + words.pop(0), out[-1][1])
        out += [(w, bool(i % 2)) for w in words]
    return out


def plain(text: str) -> str:
    return text.replace("*", "")


def _wrap(widths: list[float], spaces: list[float], limit: float, glued: list[bool]) -> list[int]:
    """Line of every word; a glued word stays on the line of the word before it."""
    lines: list[int] = []
    line, used = 0, 0.0
    for i, width in enumerate(widths):
        gap = spaces[i] if i and used else 0.0
        ahead = width
        for k in range(i + 1, len(widths)):
            if not glued[k]:
                break
            ahead += spaces[k] + widths[k]
        if i and used and not glued[i] and used + gap + ahead > limit:
            line, used, gap = line + 1, 0.0, 0.0
        used += gap + width
        lines.append(line)
    return lines


def _glue(parts: list[tuple[str, bool]]) -> list[bool]:
    """A short emphasised phrase is not torn apart, nor a number from its unit."""
    out = [False] * len(parts)
    for i in range(1, len(parts)):
        (before, a), (word, b) = parts[i - 1], parts[i]
        pair = a and b and not (i > 1 and parts[i - 2][1]) and not (i + 1 < len(parts) and parts[i + 1][1])
        unit = before[-1:].isdigit() and len(word.strip(".,")) <= 2
        out[i] = (pair and len(before) + len(word) <= 15) or unit
    return out


def lay_out(text: str, how: Style, width: float, align: str = "left") -> Block:
    """Breaks the text into the fewest lines that fit and balances them."""
    parts = marked(clean(text))
    fonts = [how.emphasis if strong else how.font for _, strong in parts]
    widths = [advance(word, font) for (word, _), font in zip(parts, fonts, strict=True)]
    spaces = [advance(" ", font) * (0.92 if font.size > 80 else 1) for font in fonts]
    glued = _glue(parts)
    count = (_wrap(widths, spaces, width, glued) or [0])[-1]
    low, high = max([*widths, 1.0]), float(width)
    for _ in range(13):
        middle = (low + high) / 2
        if (_wrap(widths, spaces, middle, glued) or [0])[-1] > count:
            low = middle
        else:
            high = middle
    lines = _wrap(widths, spaces, high + 0.5, glued)
    return _placed(parts, fonts, widths, spaces, lines, how, align)


def _placed(
    parts: list[tuple[str, bool]],
    fonts: list[Font],
    widths: list[float],
    spaces: list[float],
    lines: list[int],
    how: Style,
    align: str,
) -> Block:
    xs: list[float] = []
    ends: dict[int, float] = {}
    for i, line in enumerate(lines):
        x = ends[line] + spaces[i] if line in ends else 0.0
        xs.append(x)
        ends[line] = x + widths[i]
    full = max(ends.values(), default=0.0)
    words = tuple(
        Word(
            word,
            font,
            how.key if strong else how.rgb,
            x + {"left": 0.0, "center": (full - ends[line]) / 2, "right": full - ends[line]}[align],
            line,
            w,
        )
        for (word, strong), font, x, line, w in zip(parts, fonts, xs, lines, widths, strict=True)
    )
    cap, depth = metrics(how.font)
    pitch = round(how.font.size * how.leading)
    return Block(words, pitch, cap, depth, round(full), (lines[-1] + 1) if lines else 0)


def fit(
    text: str, how: Style, sizes: tuple[int, ...], width: float, lines: int, height: float = 1e9, align: str = "left"
) -> Block:
    """The text at the first of ``sizes`` at which it stays within lines, width and height; else at the last."""
    longest = plain(text).split()
    block = lay_out(text, how.at(sizes[-1]), width, align)
    for size in sizes:
        candidate = how.at(size)
        if any(advance(clean(w), candidate.font) > width for w in longest):
            continue
        block = lay_out(text, candidate, width, align)
        if block.lines <= lines and block.height <= height and block.width <= width + 2:
            break
    return block


class Counter:
    """A number that counts: every digit has the same cell, so nothing jitters."""

    def __init__(self, font: Font, rgb: RGB, decimals: int = 0, prefix: str = "", suffix: str = "") -> None:
        self.font, self.rgb, self.decimals = font, rgb, decimals
        self.prefix, self.suffix = clean(prefix), clean(suffix)
        self.cell = max(advance(str(d), font) for d in range(10))
        self.cap = metrics(font)[0]

    def text(self, value: float) -> str:
        return f"{value:,.{self.decimals}f}"

    def width(self, value: float) -> float:
        return sum(w for _, w in self._cells(value))

    def _cells(self, value: float) -> list[tuple[str, float]]:
        number = self.text(value)
        cells = [(c, self.cell if c.isdigit() else advance(c, self.font)) for c in number]
        before = [(self.prefix, advance(self.prefix, self.font))] if self.prefix else []
        return before + cells + ([(self.suffix, advance(self.suffix, self.font))] if self.suffix else [])

    def draw(self, canvas: Canvas, x: float, baseline: float, value: float, opacity: float = 1.0) -> None:
        for text, width in self._cells(value):
            inset = (width - advance(text, self.font)) / 2 if text.isdigit() and len(text) == 1 else 0.0
            blit(canvas, glyphs(text, self.font, self.rgb), x + inset, baseline, opacity)
            x += width


def label(canvas: Canvas, text: str, font: Font, rgb: RGB, x: float, baseline: float, opacity: float = 1.0) -> None:
    """One line of plain text."""
    if text:
        blit(canvas, glyphs(text, font, rgb), x, baseline, opacity)


def emphasis_on(ground: Ground, colours: Palette) -> RGB:
    """Ink or white, whichever reads on the ground's key colour."""
    return colours.ink if sum(ground.key) / 3 > 0.45 else colours.white
