"""Easing curves and clocks; all times in frames at 30 a second."""

from __future__ import annotations

import math

FPS = 30


def ramp(frame: float, start: float, duration: float) -> float:
    """Share of ``duration`` passed since ``start``, 0..1."""
    return min(1.0, max(0.0, (frame - start) / duration))


def expo(t: float) -> float:
    return 1.0 if t >= 1 else (1 - 2 ** (-10 * t)) / (1 - 2**-10)


def out3(t: float) -> float:
    return 1 - (1 - t) ** 3


def in3(t: float) -> float:
    return t**3


def io3(t: float) -> float:
    return 4 * t**3 if t < 0.5 else 1 - (2 - 2 * t) ** 3 / 2


def back(t: float, k: float = 1.0) -> float:
    """Overshoots by a share that grows with ``k``, then settles on 1; 0 before the start."""
    return 0.0 if t <= 0 else 1 + (k + 1) * (t - 1) ** 3 + k * (t - 1) ** 2


def bob(frame: float, period: float = 120, phase: float = 0.0) -> float:
    """Slow life of a thing that has settled, -1..1."""
    return math.sin(2 * math.pi * (frame / period + phase))
