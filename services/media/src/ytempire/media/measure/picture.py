"""What the pictures of a video show over time: black, frozen, repeated; and a fingerprint to compare videos by.

Fed frame by frame, either by the renderer while it draws (about 0.6 ms a frame) or by decoding the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Luma = NDArray[np.uint8]
"""The brightness plane of one frame, video range, any size."""

WIDTH, HEIGHT = 240, 135
_BLACK_LEVEL = 24
_BLACK_SHARE = 0.995
_CHANGE_LEVELS = 3
_CHANGED_SHARE = 0.0005
_COMPARE_S = 0.5
FINGERPRINT_EVERY_S = 2.0
_GRID_W, _GRID_H = 17, 16
_STEP_LEVELS = 2
_SAME_SHARE = 0.8
_MIN_DETAIL_BITS = 8
_REPEAT_APART_S = 12.0


class Stretch(BaseModel):
    """From when to when, in seconds of the video."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: float
    end_s: float


class PictureEvidence(BaseModel):
    """What was seen. It travels as JSON from the renderer to the quality gate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames: int
    fps: float
    black: tuple[Stretch, ...]
    frozen: tuple[Stretch, ...]
    """Stretches without visible change, counted from the last change on."""
    longest_frozen_s: float
    fingerprint: tuple[str, ...]
    """One mark each two seconds, see ``mark_of``; empty text for a frame without detail."""


class PictureWatch:
    """Watches frames in order; ``finish`` says what was seen."""

    def __init__(self, fps: float, *, min_black_s: float = 0.1, min_frozen_s: float = 1.5) -> None:
        self._fps = fps
        self._min_black, self._min_frozen = min_black_s, min_frozen_s
        self._earlier: deque[NDArray[np.uint8]] = deque(maxlen=max(1, round(_COMPARE_S * fps)))
        self._count = 0
        self._still: list[bool] = []
        self._dark: list[bool] = []
        self._marks: list[str] = []

    def see(self, luma: Luma) -> None:
        """Take the next frame's brightness plane."""
        small = luma
        if luma.shape != (HEIGHT, WIDTH):
            # Every second row of a large frame is as good for means of 8 by 8 pixels, and halves the cost.
            rows = luma[::2] if luma.shape[0] >= 4 * HEIGHT else luma
            small = np.asarray(cv2.resize(rows, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
        self._dark.append(bool(np.count_nonzero(small < _BLACK_LEVEL) >= _BLACK_SHARE * small.size))
        full = len(self._earlier) == self._earlier.maxlen
        self._still.append(full and not _differs(self._earlier[0], small))
        self._earlier.append(small.copy() if small is luma else small)
        if self._count == round(len(self._marks) * FINGERPRINT_EVERY_S * self._fps):
            self._marks.append(mark_of(small))
        self._count += 1

    def finish(self) -> PictureEvidence:
        """Return the evidence of all frames seen."""
        look_back = _COMPARE_S
        frozen = [Stretch(start_s=max(0.0, s.start_s - look_back), end_s=s.end_s) for s in self._stretches(self._still)]
        long_enough = [s for s in frozen if s.end_s - s.start_s >= self._min_frozen]
        dark = [s for s in self._stretches(self._dark) if s.end_s - s.start_s >= self._min_black]
        return PictureEvidence(
            frames=self._count,
            fps=self._fps,
            black=tuple(dark),
            frozen=tuple(long_enough),
            longest_frozen_s=max((s.end_s - s.start_s for s in frozen), default=0.0),
            fingerprint=tuple(self._marks),
        )

    def _stretches(self, marks: Sequence[bool]) -> list[Stretch]:
        edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(marks, np.int8), [0])))).tolist()
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [Stretch(start_s=round(a / self._fps, 3), end_s=round(b / self._fps, 3)) for a, b in pairs]


def _differs(before: Luma, now: Luma) -> bool:
    changed = np.count_nonzero(cv2.absdiff(before, now) >= _CHANGE_LEVELS)
    return bool(changed >= _CHANGED_SHARE * now.size)


def mark_of(luma: Luma) -> str:
    """Return where a frame gets brighter and where darker from left to right, on a grid of 16 by 16, as 128 hex digits.

    Only clear steps count, so that a plain ground says nothing and two different captions on it are not "the same".
    Stays nearly the same under scaling and encoding. Empty for a frame without detail.
    """
    grid = np.asarray(cv2.resize(luma, (_GRID_W, _GRID_H), interpolation=cv2.INTER_AREA), np.int16)
    steps = np.diff(grid, axis=1)
    bits = np.concatenate(((steps > _STEP_LEVELS).ravel(), (steps < -_STEP_LEVELS).ravel()))
    return np.packbits(bits).tobytes().hex() if np.count_nonzero(bits) >= _MIN_DETAIL_BITS else ""


def _same(first: int, second: int) -> bool:
    """Tell whether two marks are of the same picture: nearly all steps of either are in both."""
    return (first & second).bit_count() >= _SAME_SHARE * (first | second).bit_count()


def _numbers(fingerprint: Sequence[str]) -> list[int]:
    return [int(mark, 16) if mark else 0 for mark in fingerprint]


def repeats(fingerprint: Sequence[str], *, apart_s: float = _REPEAT_APART_S) -> list[tuple[float, float]]:
    """Return pairs of times, at least ``apart_s`` apart, that show nearly the same frame; the first pair of a run."""
    marks, found, last = _numbers(fingerprint), [], -10
    for later, mark in enumerate(marks):
        reach = max(0, later - int(apart_s / FINGERPRINT_EVERY_S) + 1)
        earlier = next((i for i in range(reach) if mark and marks[i] and _same(mark, marks[i])), None)
        if earlier is None:
            continue
        if later - last > 1:
            found.append((earlier * FINGERPRINT_EVERY_S, later * FINGERPRINT_EVERY_S))
        last = later
    return found


def similarity(first: Sequence[str], second: Sequence[str]) -> float:
    """Return which share (0 to 1) of the first video's frames occurs in the second, in whatever order."""
    mine = [m for m in _numbers(first) if m]
    theirs = [t for t in _numbers(second) if t]
    if not mine or not theirs:
        return 0.0
    return sum(any(_same(m, t) for t in theirs) for m in mine) / len(mine)
