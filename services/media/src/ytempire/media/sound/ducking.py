"""How loud the bed is at each moment: low under speech, a little higher in the pauses, never pumping."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ytempire.media.domain.narration import Narration

CURVE_RATE = 100
"""Values of the curve per second."""
UNDER_SPEECH_DB = -22.0
"""Level of the bed against the voice while the voice speaks."""
IN_PAUSE_DB = -14.0
_LOOK_AHEAD_S = 0.25
_HOLD_S = 0.35
_RELEASE_S = 0.9
_FADE_IN_S = 0.5
_FADE_OUT_S = 1.1


def gain_curve(narration: Narration) -> NDArray[np.float32]:
    """Return the bed's gain, relative to the voice's level, at ``CURVE_RATE`` values a second.

    Sinks before a word begins and rises only in pauses longer than 0.6 s, that is between chapters and at the ends.
    """
    count = int(narration.duration_s * CURVE_RATE) + 2
    quiet = np.zeros(count, bool)
    for start, end in _merged((line.start_s, line.end_s) for line in narration.lines):
        quiet[max(0, int((start - _LOOK_AHEAD_S) * CURVE_RATE)) : int((end + _HOLD_S) * CURVE_RATE) + 1] = True
    target = np.where(quiet, UNDER_SPEECH_DB, IN_PAUSE_DB)
    level = _follow(target)
    time = np.arange(count) / CURVE_RATE
    fade = np.minimum(1.0, time / _FADE_IN_S) * np.clip((narration.duration_s - time) / _FADE_OUT_S, 0.0, 1.0)
    return np.asarray(10 ** (level / 20) * np.sin(fade * np.pi / 2), dtype=np.float32)


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for start, end in spans:
        if out and start - out[-1][1] < _LOOK_AHEAD_S + _HOLD_S:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def _follow(target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move in decibels at limited speed: down within the look-ahead, up within the release."""
    span = IN_PAUSE_DB - UNDER_SPEECH_DB
    down, up = span / (_LOOK_AHEAD_S * CURVE_RATE), span / (_RELEASE_S * CURVE_RATE)
    level = target.copy()
    for i in range(1, len(level)):
        level[i] = min(max(target[i], level[i - 1] - down), level[i - 1] + up)
    return level


def expand(curve: NDArray[np.float32], start: int, count: int, rate: int) -> NDArray[np.float32]:
    """Return the curve's values for ``count`` samples from sample ``start`` on, interpolated."""
    at = (np.arange(start, start + count) / rate) * CURVE_RATE
    return np.interp(at, np.arange(len(curve)), curve).astype(np.float32)
