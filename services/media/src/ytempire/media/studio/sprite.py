"""Pictures as the encoder wants them: premultiplied YUV sprites on an I420 canvas.

With premultiplied colour the blend is ``dst = dst * (255 - a) / 255 + p`` on every plane alone, so a frame is
composed directly in the buffer that is piped to the encoder and no frame is ever converted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ytempire.media.studio.color import RGB

cv2.setNumThreads(1)

Plane = npt.NDArray[np.uint8]
Art = npt.NDArray[np.float32]
"""Premultiplied RGBA, 0..1, height x width x 4."""
Clip = tuple[int, int, int, int]
"""left, top, right, bottom in pixels of the frame."""

WIDTH, HEIGHT = 1920, 1080


def yuv(rgb: RGB) -> tuple[float, float, float]:
    """BT.709 limited-range components of a colour, 0..255."""
    r, g, b = rgb
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return 16 + 219 * y, 128 + 224 * (b - y) / 1.8556, 128 + 224 * (r - y) / 1.5748


class Canvas:
    """One frame: a full-size Y plane and half-size U and V planes in one buffer."""

    __slots__ = ("buffer", "u", "v", "y")

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.buffer: Plane = np.empty(width * height * 3 // 2, np.uint8)
        luma, chroma = width * height, width * height // 4
        self.y: Plane = self.buffer[:luma].reshape(height, width)
        self.u: Plane = self.buffer[luma : luma + chroma].reshape(height // 2, width // 2)
        self.v: Plane = self.buffer[luma + chroma :].reshape(height // 2, width // 2)

    def fill(self, rgb: RGB, clip: Clip | None = None) -> None:
        """One flat colour, on the whole frame or inside an even-aligned rectangle."""
        left, top, right, bottom = _bounded(clip, self)
        y, u, v = (round(c) for c in yuv(rgb))
        self.y[top:bottom, left:right] = y
        self.u[top // 2 : (bottom + 1) // 2, left // 2 : (right + 1) // 2] = u
        self.v[top // 2 : (bottom + 1) // 2, left // 2 : (right + 1) // 2] = v


def _bounded(clip: Clip | None, canvas: Canvas) -> Clip:
    height, width = canvas.y.shape
    if clip is None:
        return 0, 0, width, height
    return max(0, clip[0]), max(0, clip[1]), min(width, clip[2]), min(height, clip[3])


@dataclass(slots=True)
class Sprite:
    """A picture ready to be blended; ``dx, dy`` is where its trimmed corner lies in the art it was made of."""

    y: Plane
    u: Plane
    v: Plane
    a: Plane
    dx: int = 0
    dy: int = 0
    _inverse: Plane | None = None
    _packed: Plane | None = None
    _solid_from: int = -1
    _halves: dict[tuple[int, int], tuple[Plane, Plane, Plane, Plane]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return int(self.a.shape[1])

    @property
    def height(self) -> int:
        return int(self.a.shape[0])

    def inverse(self) -> Plane:
        if self._inverse is None:
            self._inverse = cast(Plane, cv2.bitwise_not(self.a))
        return self._inverse

    def solid_from(self) -> int:
        """First row from which on every row is fully opaque; the height when there is none."""
        if self._solid_from < 0:
            open_rows = np.flatnonzero(self.a.min(1) < 255)
            self._solid_from = int(open_rows[-1]) + 1 if len(open_rows) else 0
        return self._solid_from

    def packed(self) -> Plane:
        """All four planes as the channels of one picture."""
        if self._packed is None:
            self._packed = cast(Plane, cv2.merge((self.y, self.u, self.v, self.a)))
        return self._packed

    def half(self, px: int, py: int) -> tuple[Plane, Plane, Plane, Plane]:
        """U, V, alpha and inverse alpha at half size for a sprite whose corner has this parity.

        Without a variant per parity a moving sprite's colours would shimmer by half a chroma pixel.
        """
        found = self._halves.get((px, py))
        if found is None:
            bottom, right = (self.height + py) & 1, (self.width + px) & 1
            size = ((self.width + px + 1) // 2, (self.height + py + 1) // 2)
            u, v, a = (
                cast(
                    Plane,
                    cv2.resize(
                        cv2.copyMakeBorder(plane, py, bottom, px, right, cv2.BORDER_CONSTANT, value=0),
                        size,
                        interpolation=cv2.INTER_AREA,
                    ),
                )
                for plane in (self.u, self.v, self.a)
            )
            found = u, v, a, cast(Plane, cv2.bitwise_not(a))
            self._halves[px, py] = found
        return found


def sprite(art: Art, trim: bool = True) -> Sprite:
    """A sprite of an RGBA picture; empty margins are cut off."""
    alpha = art[..., 3]
    dx = dy = 0
    if trim:
        rows, columns = np.flatnonzero(alpha.max(1) > 0.002), np.flatnonzero(alpha.max(0) > 0.002)
        if len(rows) and len(columns):
            dy, dx = int(rows[0]), int(columns[0])
            art = art[dy : rows[-1] + 1, dx : columns[-1] + 1]
            alpha = art[..., 3]
    r, g, b = art[..., 0], art[..., 1], art[..., 2]
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    planes = (
        219 * luma + 16 * alpha,
        224 * (b - luma) / 1.8556 + 128 * alpha,
        224 * (r - luma) / 1.5748 + 128 * alpha,
        255 * alpha,
    )
    y, u, v, a = (np.ascontiguousarray(np.clip(p + 0.5, 0, 255).astype(np.uint8)) for p in planes)
    return Sprite(y, u, v, a, dx, dy)


def flat(mask: Plane, rgb: RGB, trim: bool = True) -> Sprite:
    """A sprite of one colour through a coverage mask: the fast way for text, icons and plain shapes."""
    dx = dy = 0
    if trim:
        dx, dy, w, h = cv2.boundingRect(mask)
        if w and h:
            mask = np.ascontiguousarray(mask[dy : dy + h, dx : dx + w])
    y, u, v = (cast(Plane, cv2.convertScaleAbs(mask, alpha=c / 255)) for c in yuv(rgb))
    return Sprite(y, u, v, mask, dx, dy)


def _blend(dst: Plane, colour: Plane, inverse: Plane) -> None:
    cv2.multiply(dst, inverse, dst=dst, scale=1 / 255)
    cv2.add(dst, colour, dst=dst)


def blit(canvas: Canvas, s: Sprite, x: float, y: float, opacity: float = 1.0, clip: Clip | None = None) -> None:
    """Draws the sprite with its art's corner at (x, y), rounded to whole pixels, inside ``clip``."""
    if opacity <= 0.004:
        return
    sx, sy = round(x) + s.dx, round(y) + s.dy
    left, top, right, bottom = _bounded(clip, canvas)
    x0, y0, x1, y1 = max(sx, left), max(sy, top), min(sx + s.width, right), min(sy + s.height, bottom)
    if x0 >= x1 or y0 >= y1:
        return
    px, py = sx & 1, sy & 1
    u, v, a, inverse = s.half(px, py)
    wide = opacity >= 0.996 and sx < 0 and sx + s.width > canvas.y.shape[1] and not y1 & 1
    if wide and sy + s.solid_from() < y1 - 8:
        # A sheet as wide as the frame: below its edge it hides all, so copying does what blending would.
        middle = (max(y0, sy + s.solid_from() + 2) + 1) & ~1
        _copied(canvas.y, s.y, (x0, middle, x1, y1), sx, sy)
        half = (x0 // 2, middle // 2, (x1 + 1) // 2, (y1 + 1) // 2)
        _copied(canvas.u, u, half, (sx - px) // 2, (sy - py) // 2)
        _copied(canvas.v, v, half, (sx - px) // 2, (sy - py) // 2)
        y1 = middle
        if y0 >= y1:
            return
    _layer(canvas.y, s.y, s.a, s.inverse(), (x0, y0, x1, y1), sx, sy, opacity)
    box = (x0 // 2, y0 // 2, (x1 + 1) // 2, (y1 + 1) // 2)
    _layer(canvas.u, u, a, inverse, box, (sx - px) // 2, (sy - py) // 2, opacity)
    _layer(canvas.v, v, a, inverse, box, (sx - px) // 2, (sy - py) // 2, opacity)


def _copied(dst: Plane, colour: Plane, box: Clip, sx: int, sy: int) -> None:
    x0, y0, x1, y1 = box
    dst[y0:y1, x0:x1] = colour[y0 - sy : y1 - sy, x0 - sx : x1 - sx]


def _layer(dst: Plane, colour: Plane, a: Plane, inverse: Plane, box: Clip, sx: int, sy: int, opacity: float) -> None:
    x0, y0, x1, y1 = box
    target = dst[y0:y1, x0:x1]
    part = (slice(y0 - sy, y1 - sy), slice(x0 - sx, x1 - sx))
    if opacity >= 0.996:
        _blend(target, colour[part], inverse[part])
        return
    faded = cv2.convertScaleAbs(colour[part], alpha=opacity)
    keep = cv2.bitwise_not(cv2.convertScaleAbs(a[part], alpha=opacity))
    _blend(target, cast(Plane, faded), cast(Plane, keep))


def xblit(
    canvas: Canvas,
    s: Sprite,
    cx: float,
    cy: float,
    scale: float = 1.0,
    angle: float = 0.0,
    opacity: float = 1.0,
    pivot: tuple[float, float] | None = None,
) -> None:
    """Draws the sprite scaled and turned (degrees, clockwise) so that ``pivot`` (default: its middle) lies at (cx, cy).

    Costs 15 to 20 times a plain blit: for small things, or for few frames.
    """
    if opacity <= 0.004 or scale <= 0.01:
        return
    mx, my = pivot or (s.width / 2, s.height / 2)
    if abs(scale - 1) < 1e-3 and abs(angle) < 0.02:
        blit(canvas, s, cx - mx - s.dx, cy - my - s.dy, opacity)
        return
    cos, sin = np.cos(np.radians(angle)) * scale, np.sin(np.radians(angle)) * scale
    corners = np.array([(-mx, -my), (s.width - mx, -my), (-mx, s.height - my), (s.width - mx, s.height - my)])
    xs, ys = corners @ (cos, -sin) + cx, corners @ (sin, cos) + cy
    height, width = canvas.y.shape
    x0, y0 = max(0, int(xs.min()) - 2) & ~1, max(0, int(ys.min()) - 2) & ~1
    x1, y1 = min(width, (int(xs.max()) + 3) & ~1), min(height, (int(ys.max()) + 3) & ~1)
    if x0 >= x1 or y0 >= y1:
        return
    # Pixel centres lie half a pixel inside their corners, on both sides.
    ax, ay = 0.5 - mx, 0.5 - my
    full = np.array([(cos, -sin, cx - x0 - 0.5 + cos * ax - sin * ay), (sin, cos, cy - y0 - 0.5 + sin * ax + cos * ay)])
    # One warp of all four planes together costs little more than a warp of one.
    moved = cv2.warpAffine(s.packed(), full, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    if opacity < 0.996:
        moved = cv2.convertScaleAbs(moved, alpha=opacity)
    luma, u, v, alpha = (cast(Plane, p) for p in cv2.split(moved))
    _blend(canvas.y[y0:y1, x0:x1], luma, cast(Plane, cv2.bitwise_not(alpha)))
    box = (slice(y0 // 2, y1 // 2), slice(x0 // 2, x1 // 2))
    size = ((x1 - x0) // 2, (y1 - y0) // 2)
    keep = cast(Plane, cv2.bitwise_not(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)))
    _blend(canvas.u[box], cast(Plane, cv2.resize(u, size, interpolation=cv2.INTER_AREA)), keep)
    _blend(canvas.v[box], cast(Plane, cv2.resize(v, size, interpolation=cv2.INTER_AREA)), keep)


def float_blit(canvas: Canvas, s: Sprite, x: float, y: float, opacity: float = 1.0) -> None:
    """As ``blit``, but the height is kept to a fraction of a pixel: for large things that bob slowly.

    Costs two to three times a plain blit, a tenth of ``xblit``.
    """
    below = int(np.floor(y))
    share = y - below
    if share < 0.02 or share > 0.98:
        blit(canvas, s, x, y, opacity)
        return
    sx, sy = round(x) + s.dx, below + s.dy
    height, width = canvas.y.shape
    x0, y0, x1, y1 = max(sx, 0), max(sy, 0), min(sx + s.width, width), min(sy + s.height + 1, height)
    if x0 >= x1 or y0 >= y1:
        return
    luma, alpha = _lowered(s.y, share), _lowered(s.a, share)
    _layer(canvas.y, luma, alpha, cast(Plane, cv2.bitwise_not(alpha)), (x0, y0, x1, y1), sx, sy, opacity)
    px, py = sx & 1, sy & 1
    u, v, a, _ = s.half(px, py)
    left, top = (sx - px) // 2, (sy - py) // 2
    box = (x0 // 2, max(0, top), min(left + u.shape[1], width // 2), min(top + u.shape[0] + 1, height // 2))
    a = _lowered(a, share / 2)
    keep = cast(Plane, cv2.bitwise_not(a))
    _layer(canvas.u, _lowered(u, share / 2), a, keep, box, left, top, opacity)
    _layer(canvas.v, _lowered(v, share / 2), a, keep, box, left, top, opacity)


def _lowered(plane: Plane, share: float) -> Plane:
    """The plane moved down by a share of a pixel, one row taller."""
    above = cv2.copyMakeBorder(plane, 0, 1, 0, 0, cv2.BORDER_CONSTANT, value=0)
    below = cv2.copyMakeBorder(plane, 1, 0, 0, 0, cv2.BORDER_CONSTANT, value=0)
    return cast(Plane, cv2.addWeighted(above, 1 - share, below, share, 0))
