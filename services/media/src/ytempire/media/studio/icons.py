"""Pictures for nouns: flat spot illustrations and duotone icons, drawn in the channel's own colours.

Spots are Microsoft's Fluent Emoji Flat, icons are Phosphor duotone; both are MIT, see NOTICE.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import cast

import cv2
import numpy as np
import resvg_py

from ytempire.media.studio.color import RGB, Palette, parse_hex, to_hex
from ytempire.media.studio.kit import Kit
from ytempire.media.studio.shapes import blank, paint
from ytempire.media.studio.sprite import Art, Plane, Sprite, sprite

_HEX = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_OWN_COLOURS = {"rainbow", "vertical-traffic-light", "horizontal-traffic-light", "artist-palette", "green-apple",
                "crossed-flags", "bubble-tea"}  # fmt: skip
"""Drawings whose colours carry their meaning."""


@lru_cache(maxsize=1)
def spot_library() -> dict[str, tuple[str, list[str]]]:
    """Name to SVG body and keywords of every spot illustration."""
    return cast(dict[str, tuple[str, list[str]]], _load("spots"))


@lru_cache(maxsize=1)
def icon_library() -> dict[str, tuple[str, str, list[str]]]:
    """Name to soft layer, line layer and keywords of every icon."""
    return cast(dict[str, tuple[str, str, list[str]]], _load("icons"))


def _load(name: str) -> object:
    packed = files("ytempire.media.studio").joinpath("data", f"{name}.json.gz").read_bytes()
    return json.loads(gzip.decompress(packed))


def _render(svg: str, size: int) -> Art:
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    image = cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ValueError("the SVG renderer gave no picture")
    art = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA).astype(np.float32) / 255
    art[..., :3] *= art[..., 3:]
    return cast(Art, art)


def _full(text: str) -> str:
    return text if len(text) == 7 else "#" + "".join(c * 2 for c in text[1:])


@lru_cache(maxsize=8)
def spot(name: str, kit: Kit, size: int) -> Art:
    """A spot illustration in the kit's hues."""
    body = spot_library()[name][0]
    if name not in _OWN_COLOURS:
        colours: Palette = kit.colours
        body = _HEX.sub(lambda m: to_hex(colours.recolour(parse_hex(_full(m[0])))), body)
    return _render(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{body}</svg>', size)


def spot_sprite(name: str, kit: Kit, size: int) -> Sprite:
    return sprite(spot(name, kit, size), trim=False)


@lru_cache(maxsize=24)
def _masks(name: str, size: int) -> tuple[Plane, Plane]:
    soft, hard, _ = icon_library()[name]
    planes = []
    for layer in (soft, hard):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256" fill="#fff">{layer}</svg>'
        planes.append(np.ascontiguousarray((_render(svg, size)[..., 3] * 255 + 0.5).astype(np.uint8)))
    return planes[0], planes[1]


def icon(name: str, size: int, line: RGB, soft: RGB) -> Art:
    """A duotone icon: lines in one colour, the tinted layer in another."""
    inner, outer = _masks(name, size)
    return paint(paint(blank(size, size), inner, soft), outer, line)


def icon_sprite(name: str, size: int, line: RGB, soft: RGB) -> Sprite:
    return sprite(icon(name, size, line, soft), trim=False)
