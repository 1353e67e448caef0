"""How one scene gives way to the next: a ladder of thresholds on an 8-bit ramp, or a push."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ytempire.media.studio.color import RGB
from ytempire.media.studio.motion import io3
from ytempire.media.studio.sprite import HEIGHT, WIDTH, Canvas, Plane, yuv
from ytempire.media.studio.storyboard import Cut

RAMPS = ("diag", "iris", "hill", "dots", "blinds", "clock")
_BANDS = (30, 26)
"""Width of the two coloured bands, in levels of the ramp."""


@lru_cache(maxsize=6)
def _ramp(kind: str, x: float, y: float) -> tuple[Plane, Plane]:
    xs = np.arange(WIDTH, dtype=np.float32)[None, :]
    ys = np.arange(HEIGHT, dtype=np.float32)[:, None]
    field: npt.NDArray[np.float32]
    if kind == "iris":
        field = np.hypot(xs - x * WIDTH, ys - y * HEIGHT)
    elif kind == "hill":
        wave = 90 * np.sin(xs / 330 + 0.6) + 46 * np.sin(xs / 141) + 22 * np.sin(xs / 77 + 2)
        field = (HEIGHT - ys) + wave
    elif kind == "dots":
        cell = np.hypot(xs % 80 - 40, ys % 80 - 40)
        field = 0.9 * xs + 0.2 * ys + 9 * cell
    elif kind == "blinds":
        field = (xs % 240) * 1.6 + 0.35 * xs + 0 * ys
    elif kind == "clock":
        field = (np.arctan2(xs - WIDTH / 2, HEIGHT / 2 - ys) % (2 * np.pi)).astype(np.float32)
    else:
        field = xs + 0.45 * ys
    low, high = float(field.min()), float(field.max())
    full = ((field - low) * (254 / (high - low))).astype(np.uint8)
    return full, np.ascontiguousarray(full[::2, ::2])


def join(out: Canvas, before: Canvas, after: Canvas, cut: Cut, frame: float, bands: tuple[RGB, RGB]) -> None:
    """Composes the frame ``frame`` of a transition from the two scenes' own frames."""
    t = io3(min(1.0, max(0.0, (frame + 1) / (cut.frames + 1))))
    if cut.kind == "push":
        _push(out, before, after, t)
        return
    full, half = _ramp(cut.kind, cut.x, cut.y)
    front = t * (255 + sum(_BANDS))
    out.buffer[:] = before.buffer
    for level, band in ((front, bands[0]), (front - _BANDS[0], bands[1])):
        if level > 0:
            y, u, v = (round(c) for c in yuv(band))
            for plane, ramp, value in ((out.y, full, y), (out.u, half, u), (out.v, half, v)):
                plane[:] = _set(plane, ramp, level, value)
    level = front - sum(_BANDS)
    if level > 0:
        for target, source, ramp in ((out.y, after.y, full), (out.u, after.u, half), (out.v, after.v, half)):
            cv2.copyTo(source, _below(ramp, level), target)


def _below(ramp: Plane, level: float) -> Plane:
    return cast(Plane, cv2.threshold(ramp, math.ceil(min(255.0, level)) - 1, 255, cv2.THRESH_BINARY_INV)[1])


def _set(plane: Plane, ramp: Plane, level: float, value: int) -> Plane:
    flat = np.full_like(plane, value)
    return cast(Plane, cv2.copyTo(flat, _below(ramp, level), plane))


def _push(out: Canvas, before: Canvas, after: Canvas, t: float) -> None:
    """The new scene pushes the old one out to the left."""
    x = round(WIDTH * (1 - t) / 2) * 2
    for target, old, new, edge in (
        (out.y, before.y, after.y, x), (out.u, before.u, after.u, x // 2), (out.v, before.v, after.v, x // 2)
    ):  # fmt: skip
        width = target.shape[1]
        target[:, :edge] = old[:, width - edge :]
        target[:, edge:] = new[:, : width - edge]
