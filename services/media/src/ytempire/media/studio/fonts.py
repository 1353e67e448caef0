"""The packaged typefaces: variable axes, measured and drawn by Pillow, with a second file for rarer letters."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import cast

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ytempire.media.studio.errors import StudioError
from ytempire.media.studio.sprite import Plane

_AXES = {
    "archivo": ("wght", "wdth"),
    "bricolage": ("opsz", "wdth", "wght"),
    "fraunces": ("opsz", "wght"),
    "fraunces-italic": ("opsz", "wght"),
    "hanken": ("wght",),
    "jetbrains-mono": (),
}
_DEFAULT = {"wght": 500.0, "wdth": 100.0, "opsz": 48.0}
_SWAPS = {
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\u2011": "-",
    "\u2010": "-",
    "\ufe0f": "",
    "\u200b": "",
    "→": "–",
}


@dataclass(frozen=True)
class Font:
    """A face at a size in pixels and a place in its design space; ``track`` is extra spacing in em."""

    face: str
    size: int
    wght: float = 500
    wdth: float = 100
    track: float = 0.0

    def at(self, size: int) -> Font:
        return Font(self.face, size, self.wght, self.wdth, self.track)


@lru_cache(maxsize=32)
def _data(name: str) -> bytes:
    return files("ytempire.media.studio").joinpath("fonts", f"{name}.ttf").read_bytes()


@lru_cache(maxsize=160)
def _loaded(font: Font, extended: bool) -> ImageFont.FreeTypeFont:
    name = f"{font.face}-ext" if extended else font.face
    loaded = ImageFont.truetype(BytesIO(_data(name)), font.size, layout_engine=ImageFont.Layout.RAQM)
    axes = _AXES[font.face]
    if axes:
        # Variable files list their axes in their own order; we set them by name.
        values = {"wght": font.wght, "wdth": font.wdth, "opsz": float(font.size)}
        order = [_axis(a["name"]) for a in loaded.get_variation_axes()]
        limits = loaded.get_variation_axes()
        loaded.set_variation_by_axes(
            [
                min(float(a["maximum"] or 0), max(float(a["minimum"] or 0), values.get(tag, _DEFAULT.get(tag, 0.0))))
                for tag, a in zip(order, limits, strict=True)
            ]
        )
    return loaded


def _axis(name: bytes | str) -> str:
    text = name.decode() if isinstance(name, bytes) else name
    return {"weight": "wght", "width": "wdth", "optical size": "opsz"}.get(text.lower(), text.lower())


@lru_cache(maxsize=32)
def _covered(name: str) -> frozenset[int]:
    return _cmap(_data(name))


def _cmap(data: bytes) -> frozenset[int]:
    """Code points that a TrueType file maps, read from its format 4 and 12 tables."""
    tables = int.from_bytes(data[4:6], "big")
    offset = next(
        int.from_bytes(data[12 + 16 * i + 8 : 12 + 16 * i + 12], "big")
        for i in range(tables)
        if data[12 + 16 * i : 12 + 16 * i + 4] == b"cmap"
    )
    found: set[int] = set()
    for i in range(int.from_bytes(data[offset + 2 : offset + 4], "big")):
        at = offset + int.from_bytes(data[offset + 4 + 8 * i + 4 : offset + 4 + 8 * i + 8], "big")
        kind = int.from_bytes(data[at : at + 2], "big")
        if kind == 4:
            half = int.from_bytes(data[at + 6 : at + 8], "big")
            ends = np.frombuffer(data, ">u2", half // 2, at + 14)
            starts = np.frombuffer(data, ">u2", half // 2, at + 16 + half)
            for first, last in zip(starts.tolist(), ends.tolist(), strict=True):
                found.update(range(first, min(last, 0xFFFE) + 1))
        elif kind == 12:
            for g in range(int.from_bytes(data[at + 12 : at + 16], "big")):
                first, last, _ = np.frombuffer(data, ">u4", 3, at + 16 + 12 * g).tolist()
                found.update(range(first, last + 1))
    return frozenset(found)


@lru_cache(maxsize=1)
def _everywhere() -> frozenset[int]:
    return frozenset.intersection(*(_covered(face) | _covered(f"{face}-ext") for face in _AXES))


def clean(text: str) -> str:
    """Text in characters that the packaged faces have; raises ``StudioError`` naming one that none has."""
    known = _everywhere()
    out: list[str] = []
    for char in unicodedata.normalize("NFC", text):
        swapped = _SWAPS.get(char, char)
        if all(ord(c) in known for c in swapped):
            out.append(swapped)
            continue
        plain = "".join(c for c in unicodedata.normalize("NFKD", swapped) if not unicodedata.combining(c))
        if plain and all(ord(c) in known for c in plain):
            out.append(plain)
        elif unicodedata.category(char) in ("So", "Sm", "Sk", "Cf", "Mn", "Cc"):
            continue
        else:
            name = unicodedata.name(char, f"U+{ord(char):04X}")
            raise StudioError(
                f"the character {char!r} ({name}) has no letter shape in the studio's typefaces; rewrite it"
            )
    return "".join(out)


def _runs(text: str, font: Font) -> list[tuple[str, bool]]:
    basic, extra = _covered(font.face), _covered(f"{font.face}-ext")
    runs: list[tuple[str, bool]] = []
    for char in text:
        extended = ord(char) not in basic and ord(char) in extra
        if runs and runs[-1][1] == extended:
            runs[-1] = (runs[-1][0] + char, extended)
        else:
            runs.append((char, extended))
    return runs


@lru_cache(maxsize=8192)
def advance(text: str, font: Font) -> float:
    """Width of the text in pixels."""
    width = sum(_loaded(font, extended).getlength(run) for run, extended in _runs(text, font))
    return float(width) + font.track * font.size * len(text)


@lru_cache(maxsize=128)
def metrics(font: Font) -> tuple[int, int]:
    """Height of a capital letter and depth of a descender in pixels."""
    loaded = _loaded(font, False)
    return -int(loaded.getbbox("H", anchor="ls")[1]), int(loaded.getbbox("gpy", anchor="ls")[3])


@lru_cache(maxsize=160)
def mask(text: str, font: Font) -> tuple[Plane, int, int]:
    """Coverage of the text, and where the pen starts in it: x and baseline."""
    width = advance(text, font)
    pad = max(4, font.size // 4)
    up, down = round(font.size * 1.15), round(font.size * 0.42)
    image = Image.new("L", (round(width) + 2 * pad, up + down), 0)
    draw = ImageDraw.Draw(image)
    x = float(pad)
    for run, extended in _runs(text, font):
        loaded = _loaded(font, extended)
        if font.track:
            for char in run:
                draw.text((x, up), char, 255, loaded, anchor="ls")
                x += float(loaded.getlength(char)) + font.track * font.size
        else:
            draw.text((x, up), run, 255, loaded, anchor="ls")
            x += float(loaded.getlength(run))
    return cast(Plane, np.asarray(image)), pad, up
