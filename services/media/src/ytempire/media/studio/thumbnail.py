"""The thumbnail: at most four words, one object, two loud colours; legible at 320 pixels."""

from __future__ import annotations

import math
import re
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ytempire.media.domain.script import Script
from ytempire.media.process import replace_atomically
from ytempire.media.studio.color import mix
from ytempire.media.studio.figures import number, salience
from ytempire.media.studio.fonts import Font, advance, clean, mask, metrics
from ytempire.media.studio.icons import icon, spot, spot_library
from ytempire.media.studio.kit import Kit
from ytempire.media.studio.pick import icon_for, matches
from ytempire.media.studio.shapes import blank, disc, lay, paint, polygons, rounded, shadow
from ytempire.media.studio.sprite import Art, Plane
from ytempire.media.studio.text import Type
from ytempire.media.studio.words import FUNCTION, tokens

WIDTH, HEIGHT = 1280, 720
_MOST_BYTES = 1_900_000


def thumbnail(script: Script, kit: Kit, out_jpg: Path) -> None:
    """Writes the film's thumbnail, 1280x720, a JPEG below 2 MB.

    Raises ``StudioError`` when the title holds a character that the typefaces cannot show.
    """
    art = _ground(kit)
    name = _object(script)
    _drawn(art, kit, name)
    _words(art, kit, lines_of(script.title), _tag(script))
    picture = Image.fromarray((np.clip(art[..., :3], 0, 1) * 255 + 0.5).astype(np.uint8))
    for quality in (92, 86, 78, 68):
        partial = out_jpg.with_name(f"{out_jpg.name}.part")
        out_jpg.parent.mkdir(parents=True, exist_ok=True)
        picture.save(partial, "JPEG", quality=quality, subsampling=0, optimize=True)
        content = partial.read_bytes()
        partial.unlink()
        if len(content) < _MOST_BYTES:
            break
    replace_atomically(out_jpg, content)


def lines_of(title: str) -> list[str]:
    """The two or three lines of the thumbnail, the loudest last; at most five words."""
    title = re.split(r"\s*[:|–—]\s+", clean(title).strip(" .!"))[0]
    words = title.upper().split()
    if len(words) > 5:
        words = _key_words(words)
    if len(words) <= 2:
        return words
    small = {w.upper() for w in FUNCTION}
    cut = next((i for i in range(1, len(words)) if words[i - 1] in small and words[i] not in small), 1)
    first, rest = words[:cut], words[cut:]
    if len(rest) == 1 or sum(map(len, rest)) <= 9:
        return [" ".join(first), " ".join(rest)]
    middle = max(1, round(len(rest) / 2))
    return [" ".join(first), " ".join(rest[:middle]), " ".join(rest[middle:])]


def _key_words(words: list[str]) -> list[str]:
    """The question word and the first run of content words."""
    small = {w.upper() for w in FUNCTION}
    lead = [words[0]] if words[0] in ("WHY", "HOW", "WHAT", "WHEN", "WHO", "NEVER", "INSIDE", "YOUR") else []
    runs: list[list[str]] = [[]]
    for word in words[len(lead) :]:
        if word in small:
            runs.append([])
        else:
            runs[-1].append(word)
    runs = [r for r in runs if r]
    best = max(runs, key=lambda r: (min(len(r), 2), -runs.index(r)), default=words[:3])
    return [*lead, *best[: 2 if lead else 3]]


def _object(script: Script) -> str:
    for text in (script.title, *(line.text for line in script.lines[:14])):
        found = [n for s, n in matches(text) if s >= 1.9]
        if found:
            return found[0]
    return icon_for(script.title, set()) or "light-bulb"


def _tag(script: Script) -> str:
    """The script's most telling figure, when the title does not say it."""
    said = set(tokens(script.title))
    figures = [f for line in script.lines for f in line.figures if salience(f) > 2.5 and number(f) is not None]
    for figure in sorted(figures, key=lambda f: -salience(f)):
        if len(figure.text) <= 22 and not set(tokens(figure.text)) <= said:
            return _explained(figure.text, script)
    return ""


def _explained(figure: str, script: Script) -> str:
    """A short figure with the words that follow it, so that it says something: ``90% of everything``."""
    text = next((line.text for line in script.lines if figure in line.text), figure)
    best = figure
    words = re.split(r"[,;:.]\s|[.]$", text.split(figure, 1)[-1])[0].split()
    for count in range(1, 5):
        longer = " ".join([figure, *words[:count]])
        if len(words) >= count and len(longer) <= 22 and words[count - 1].lower() not in FUNCTION:
            best = longer
    return clean(best)


def _ground(kit: Kit) -> Art:
    """Brand light behind the object, rays, dark corners."""
    c = kit.colours
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    far = np.hypot((xs - 950) / 900, (ys - 330) / 640)
    share = np.clip(1 - far, 0, 1)[..., None] ** 0.9
    art = blank(WIDTH, HEIGHT)
    art[..., :3] = np.array(mix(c.deep, c.ink, 0.55)) * (1 - share) + np.array(mix(c.deep, c.brand, 0.75)) * share
    art[..., 3] = 1
    rays = []
    for k in range(14):
        a = 2 * math.pi * k / 14 + 0.1
        rays.append([(950, 350), (950 + 1500 * math.cos(a), 350 + 1500 * math.sin(a)),
                     (950 + 1500 * math.cos(a + 0.2), 350 + 1500 * math.sin(a + 0.2))])  # fmt: skip
    return paint(art, polygons(WIDTH, HEIGHT, rays, 2), c.white, opacity=0.07)


def _drawn(art: Art, kit: Kit, name: str) -> None:
    c = kit.colours
    pale = mix(c.accent, c.white, 0.72)
    paint(art, disc(306), pale, 950 - 306, 350 - 306, 0.18)
    paint(art, disc(270), pale, 950 - 270, 350 - 270)
    size = 470
    thing = spot(name, kit, size) if name in spot_library() else icon(name, size, c.ink, c.accent)
    soft, margin = shadow((thing[..., 3] * 255).astype(np.uint8), c.ink, 22, 0.5)
    paint(art, soft.a, c.ink, 950 - size // 2 - margin + 14, 350 - size // 2 - margin + 26)
    lay(art, thing, 950 - size // 2, 350 - size // 2)


def _words(art: Art, kit: Kit, lines: list[str], tag: str) -> None:
    c, kind = kit.colours, Type(kit)
    room = 470 if tag else 580
    loud = _fit(kind, lines[-1], 650, room if len(lines) == 1 else round(room * 0.55))
    quiet = [_fit(kind, text, 590, (room - metrics(loud)[0]) // max(1, len(lines) - 1)) for text in lines[:-1]]
    # No quiet line is louder than the loud one.
    fonts = [*(font.at(min(font.size, loud.size)) for font in quiet), loud]
    caps = [metrics(f)[0] for f in fonts]
    gap = 30
    total = sum(caps) + gap * (len(caps) - 1) + (130 if tag else 0)
    y = max(44, (HEIGHT - total) // 2)
    for i, (text, font, cap) in enumerate(zip(lines, fonts, caps, strict=True)):
        plane, pen, base = mask(text, font)
        colour = c.accent if i == len(lines) - 1 else c.white
        _shaded(art, plane, c.ink, 56 - pen, y + cap - base)
        paint(art, plane, colour, 56 - pen, y + cap - base)
        y += cap + gap
    if tag:
        font = kind.label(58)
        width = round(advance(tag, font)) + 64
        y += 12
        paint(art, rounded(width, 92, 18 * kit.radius), c.white, 56, y)
        plane, pen, base = mask(tag, font)
        paint(art, plane, c.ink, 56 + 32 - pen, y + 66 - base)


def _shaded(art: Art, plane: Plane, ink: tuple[float, float, float], x: int, y: int) -> None:
    """A blurred shadow of the word itself, so that it stands off object and rays."""
    soft, margin = shadow(plane, ink, 12, 0.75)
    paint(art, soft.a, ink, x - margin + 6, y - margin + 10)
    thick = np.asarray(cv2.dilate(plane, np.ones((9, 9), np.uint8)), np.uint8)
    paint(art, thick, ink, x, y, 0.35)


def _fit(kind: Type, text: str, width: int, height: int) -> Font:
    """The largest condensed setting within the box."""
    for size in range(330, 60, -10):
        font = kind.condensed(size)
        if advance(text, font) <= width and metrics(font)[0] <= height - 24:
            return font
    return kind.condensed(70)
