"""Lines that draw themselves: a coverage mask and a map of when the pen passes each pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import cv2
import numpy as np

from ytempire.media.studio.color import RGB
from ytempire.media.studio.shapes import blank, paint, polyline
from ytempire.media.studio.sprite import HEIGHT, WIDTH, Canvas, Plane, Sprite, blit, flat, sprite

_STEPS = 250


class Stroke:
    """A path of any shape that can be drawn up to any share of its length, at random access."""

    def __init__(self, points: Sequence[tuple[float, float]], thickness: float, rgb: RGB) -> None:
        margin = math.ceil(thickness) + 3
        # Nothing is kept of what lies far off the frame.
        self.x = max(-160, (int(min(p[0] for p in points)) - margin) & ~1)
        self.y = max(-160, (int(min(p[1] for p in points)) - margin) & ~1)
        width = max(2, min(WIDTH + 160 - self.x, (int(max(p[0] for p in points)) + margin - self.x + 1) & ~1))
        height = max(2, min(HEIGHT + 160 - self.y, (int(max(p[1] for p in points)) + margin - self.y + 1) & ~1))
        self.points = [(px - self.x, py - self.y) for px, py in points]
        self.rgb = rgb
        self.coverage = polyline(width, height, self.points, thickness)
        self._lengths = np.concatenate(([0.0], np.cumsum([math.dist(a, b) for a, b in pairwise(self.points)])))
        self.time = self._times(width, height, thickness)
        self._done: Sprite = flat(self.coverage, rgb, trim=False)

    def _times(self, width: int, height: int, thickness: float) -> Plane:
        plane = np.full((height, width), _STEPS, np.uint8)
        total = float(self._lengths[-1]) or 1.0
        # Painted backwards, so that where the path crosses itself the earlier pass wins.
        for i in range(len(self.points) - 2, -1, -1):
            pieces = max(1, math.ceil((self._lengths[i + 1] - self._lengths[i]) / 4))
            for k in range(pieces - 1, -1, -1):
                a, b = self._between(i, k / pieces), self._between(i, (k + 1) / pieces)
                step = (self._lengths[i] + (self._lengths[i + 1] - self._lengths[i]) * k / pieces) / total
                cv2.line(plane, a, b, round(1 + step * (_STEPS - 2)), math.ceil(thickness) + 4)
        return plane

    def _between(self, i: int, t: float) -> tuple[int, int]:
        (ax, ay), (bx, by) = self.points[i], self.points[i + 1]
        return round(ax + (bx - ax) * t), round(ay + (by - ay) * t)

    def head(self, t: float) -> tuple[float, float]:
        """Where the pen is after the share ``t`` of the path, on the frame."""
        at = float(self._lengths[-1]) * min(1.0, max(0.0, t))
        i = min(len(self.points) - 2, max(0, int(np.searchsorted(self._lengths, at, "right")) - 1))
        span = float(self._lengths[i + 1] - self._lengths[i]) or 1.0
        share = (at - float(self._lengths[i])) / span
        (ax, ay), (bx, by) = self.points[i], self.points[i + 1]
        return self.x + ax + (bx - ax) * share, self.y + ay + (by - ay) * share

    def draw(self, canvas: Canvas, t: float, opacity: float = 1.0, dx: int = 0, dy: int = 0) -> None:
        """Draws the first share ``t`` of the path."""
        if t <= 0:
            return
        if t >= 1:
            blit(canvas, self._done, self.x + dx, self.y + dy, opacity)
            return
        steps = np.arange(256, dtype=np.float32)
        table = np.clip((t * (_STEPS + 4) - steps) * 64, 0, 255).astype(np.uint8)
        shown = cv2.multiply(cv2.LUT(self.time, table), self.coverage, scale=1 / 255)
        blit(canvas, flat(cast(Plane, shown), self.rgb), self.x + dx, self.y + dy, opacity)


def united(strokes: Sequence[Stroke]) -> Sprite:
    """Several finished strokes as one sprite on the frame's own coordinates: cheaper than drawing each."""
    x0, y0 = min(s.x for s in strokes), min(s.y for s in strokes)
    x1 = max(s.x + s.coverage.shape[1] for s in strokes)
    y1 = max(s.y + s.coverage.shape[0] for s in strokes)
    art = blank(x1 - x0, y1 - y0)
    for stroke in strokes:
        paint(art, stroke.coverage, stroke.rgb, stroke.x - x0, stroke.y - y0)
    made = sprite(art)
    made.dx += x0
    made.dy += y0
    return made


def arc(cx: float, cy: float, radius: float, start: float, end: float) -> list[tuple[float, float]]:
    """Points of an arc; degrees clockwise from the top."""
    count = max(2, round(abs(end - start) / 3))
    angles = (math.radians(start + (end - start) * i / count - 90) for i in range(count + 1))
    return [(cx + radius * math.cos(a), cy + radius * math.sin(a)) for a in angles]
