"""Vector shapes as coverage masks, drawn at four times their size and reduced, and pictures built from them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ytempire.media.studio.color import RGB
from ytempire.media.studio.sprite import Art, Plane, Sprite, flat, sprite

SS = 4
Points = Sequence[tuple[float, float]]


def _reduce(big: Plane, width: int, height: int, scale: int) -> Plane:
    return big if scale == 1 else cast(Plane, cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA))


def polygons(width: int, height: int, shapes: Iterable[Points], scale: int = SS) -> Plane:
    """Mask of filled polygons (even-odd is not used: they are united)."""
    big = np.zeros((height * scale, width * scale), np.uint8)
    for points in shapes:
        # fillPoly wants a list of typed arrays; 4 bits of fraction, pixel centres half a pixel in.
        array = np.round((np.asarray(points, np.float64) * scale - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(big, [array], 255, lineType=cv2.LINE_8, shift=4)
    return _reduce(big, width, height, scale)


def rounded(width: int, height: int, radius: float, scale: int = SS) -> Plane:
    """Mask of a rounded rectangle that fills width x height."""
    big = np.zeros((height * scale, width * scale), np.uint8)
    r = round(min(radius, width / 2, height / 2) * scale)
    w, h = width * scale, height * scale
    if r <= 0:
        big[:] = 255
        return _reduce(big, width, height, scale)
    big[r : h - r] = 255
    big[:, r : w - r] = 255
    for cx, cy in ((r, r), (w - r - 1, r), (r, h - r - 1), (w - r - 1, h - r - 1)):
        cv2.circle(big, (cx, cy), r, 255, -1)
    return _reduce(big, width, height, scale)


def disc(radius: float, scale: int = SS) -> Plane:
    """Mask of a disc; the plane is 2 x ceil(radius) wide."""
    side = math.ceil(radius) * 2
    big = np.zeros((side * scale, side * scale), np.uint8)
    c = round((side * scale / 2 - 0.5) * 16)
    cv2.circle(big, (c, c), round(radius * scale * 16), 255, -1, shift=4)
    return _reduce(big, side, side, scale)


def ring(radius: float, thickness: float, scale: int = SS) -> Plane:
    """Mask of a ring whose outer radius is ``radius``."""
    side = math.ceil(radius) * 2
    big = np.zeros((side * scale, side * scale), np.uint8)
    c = round((side * scale / 2 - 0.5) * 16)
    cv2.circle(big, (c, c), round(radius * scale * 16), 255, -1, shift=4)
    cv2.circle(big, (c, c), round((radius - thickness) * scale * 16), 0, -1, shift=4)
    return _reduce(big, side, side, scale)


def polyline(width: int, height: int, points: Points, thickness: float, scale: int = SS) -> Plane:
    """Mask of a thick line with round ends and joints."""
    big = np.zeros((height * scale, width * scale), np.uint8)
    array = np.round((np.asarray(points, np.float64) * scale - 0.5) * 16).astype(np.int32)
    cv2.polylines(big, [array], False, 255, max(1, round(thickness * scale)), cv2.LINE_8, 4)
    for x, y in array:
        cv2.circle(big, (int(x), int(y)), round(thickness * scale * 8), 255, -1, shift=4)
    return _reduce(big, width, height, scale)


def blank(width: int, height: int) -> Art:
    return np.zeros((height, width, 4), np.float32)


def paint(art: Art, mask: Plane, rgb: RGB, x: int = 0, y: int = 0, opacity: float = 1.0) -> Art:
    """Lays a colour through a mask over the picture, in place; parts outside the picture are cut off."""
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(art.shape[1], x + mask.shape[1]), min(art.shape[0], y + mask.shape[0])
    if x0 < x1 and y0 < y1:
        part = mask[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32)[..., None] * (opacity / 255)
        target = art[y0:y1, x0:x1]
        target *= 1 - part
        target += part * np.array((*rgb, 1.0), np.float32)
    return art


def lay(art: Art, top: Art, x: int, y: int, opacity: float = 1.0) -> Art:
    """Lays one picture over another, in place."""
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(art.shape[1], x + top.shape[1]), min(art.shape[0], y + top.shape[0])
    if x0 < x1 and y0 < y1:
        part = top[y0 - y : y1 - y, x0 - x : x1 - x]
        target = art[y0:y1, x0:x1]
        target *= 1 - part[..., 3:] * opacity
        target += part * opacity
    return art


def gradient(width: int, height: int, top: RGB, bottom: RGB, mask: Plane | None = None) -> Art:
    """Vertical gradient, through a mask when one is given."""
    t = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    colour = np.array(top, np.float32) * (1 - t) + np.array(bottom, np.float32) * t
    art = np.ones((height, width, 4), np.float32)
    art[..., :3] = colour
    if mask is not None:
        art *= mask.astype(np.float32)[..., None] / 255
    return art


def shadow(mask: Plane, rgb: RGB, blur: float, opacity: float) -> tuple[Sprite, int]:
    """Soft shadow of a shape and the margin by which it is larger than the shape on every side."""
    margin = (int(blur * 3) + 7) & ~3
    padded = cv2.copyMakeBorder(mask, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    height, width = padded.shape
    small = cv2.resize(padded, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), blur / 4, borderType=cv2.BORDER_CONSTANT)
    soft = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    # A short ramp at the edge: a shadow that ends in a hard cut is the most visible flaw of a flat drawing.
    edge = 9
    for i in range(edge):
        share = i / edge
        for line in (soft[i], soft[height - 1 - i], soft[:, i], soft[:, width - 1 - i]):
            line[:] = np.minimum(line, 255 * share).astype(np.uint8)
    return flat(cast(Plane, cv2.convertScaleAbs(soft, alpha=opacity)), rgb, trim=False), margin


def card(width: int, height: int, radius: float, fill: RGB, edge: RGB | None = None, edge_opacity: float = 0.07) -> Art:
    """A rounded card, with a thin inner line of light when ``edge`` is given."""
    mask = rounded(width, height, radius)
    art = paint(blank(width, height), mask, fill)
    if edge is not None:
        inner = np.zeros_like(mask)
        inner[2 : height - 2, 2 : width - 2] = rounded(width - 4, height - 4, max(0.0, radius - 2))
        paint(art, cast(Plane, cv2.subtract(mask, inner)), edge, opacity=edge_opacity)
    return art


def solid(width: int, height: int, radius: float, rgb: RGB) -> Sprite:
    """A rounded rectangle of one colour."""
    return flat(rounded(width, height, radius), rgb, trim=False)


def smooth(xs: Sequence[float], ys: Sequence[float], count: int) -> npt.NDArray[np.float64]:
    """``count`` points of the monotone cubic (Fritsch-Carlson) through the given points; never overshoots."""
    x, y = np.asarray(xs, np.float64), np.asarray(ys, np.float64)
    h, d = np.diff(x), np.diff(y) / np.diff(x)
    m = np.empty_like(y)
    m[0], m[-1] = d[0], d[-1]
    for i in range(1, len(x) - 1):
        w1, w2 = 2 * h[i] + h[i - 1], h[i] + 2 * h[i - 1]
        m[i] = 0.0 if d[i - 1] * d[i] <= 0 else (w1 + w2) / (w1 / d[i - 1] + w2 / d[i])
    at = np.linspace(x[0], x[-1], count)
    k = np.clip(np.searchsorted(x, at, "right") - 1, 0, len(h) - 1)
    t = (at - x[k]) / h[k]
    value = (
        (1 + 2 * t) * (1 - t) ** 2 * y[k]
        + t * (1 - t) ** 2 * h[k] * m[k]
        + t**2 * (3 - 2 * t) * y[k + 1]
        + t**2 * (t - 1) * h[k] * m[k + 1]
    )
    return np.stack((at, value), 1)


def picture(art: Art) -> Sprite:
    return sprite(art)
