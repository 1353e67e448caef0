"""Sounds made from nothing: single-cycle waves, pads, plucks, a bass and a breath of noise. All our own, no samples."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
Mono = NDArray[np.float32]
Stereo = NDArray[np.float32]
"""Samples in rows, left and right in columns."""

_TABLE = 4096
_A4_NOTE, _A4_HZ = 69, 440.0


def hertz(note: float) -> float:
    """Return the frequency of a MIDI note number in equal temperament."""
    return float(_A4_HZ * 2.0 ** ((note - _A4_NOTE) / 12.0))


@functools.cache
def _wave(rolloff: float, harmonics: int) -> Mono:
    """Return one cycle with harmonics that fall off as 1/n**rolloff; few harmonics keep it free of aliasing."""
    phase = np.arange(_TABLE) * (2 * np.pi / _TABLE)
    cycle = np.zeros(_TABLE)
    for n in range(1, harmonics + 1):
        cycle += np.sin(n * phase + 0.7 * n * n) / n**rolloff
    return np.asarray(cycle / np.abs(cycle).max(), dtype=np.float32)


def _oscillate(frequency: float, count: int, table: Mono, phase: float) -> Mono:
    position = (np.arange(count) * (frequency / RATE) + phase) * _TABLE
    return np.asarray(table[position.astype(np.int64) & (_TABLE - 1)], np.float32)


def _swell(count: int, attack_s: float, release_s: float) -> Mono:
    """Return a raised-cosine rise and fall around a steady middle."""
    envelope = np.ones(count, np.float32)
    rise, fall = min(count // 2, int(attack_s * RATE)), min(count // 2, int(release_s * RATE))
    envelope[:rise] = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, rise, dtype=np.float32))
    envelope[count - fall :] = 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, fall, dtype=np.float32))
    return envelope


def pad(notes: tuple[int, ...], seconds: float, rng: np.random.Generator) -> Stereo:
    """Return a soft chord that swells in and out and turns slowly from dark to a little brighter and back."""
    count = int(seconds * RATE)
    dark, bright = _wave(2.2, 5), _wave(1.5, 9)
    drift = np.linspace(0, 2 * np.pi, count, dtype=np.float32)
    colour = 0.22 - 0.22 * np.cos(drift)
    out = np.zeros((count, 2), np.float32)
    for note in notes:
        for side in (0, 1):
            for cents in (-4.0, 3.0):
                frequency = hertz(note + (cents + rng.uniform(-1.5, 1.5)) / 100)
                phase = rng.uniform()
                low = _oscillate(frequency, count, dark, phase)
                high = _oscillate(frequency, count, bright, phase)
                out[:, side] += low + colour * (high - low)
    out *= (_swell(count, 1.1, 2.2) / (2 * len(notes)))[:, None]
    return out


@functools.lru_cache(maxsize=64)
def pluck(note: int) -> Mono:
    """Return a short, rounded note like a felt-damped key, about 1.6 s."""
    count = int(1.6 * RATE)
    time = np.arange(count, dtype=np.float32) / RATE
    frequency = hertz(note)
    body = _oscillate(frequency, count, _wave(2.6, 4), 0.0) * np.exp(-time / 0.42)
    shine = _oscillate(2.0 * frequency, count, _wave(3.0, 2), 0.25) * np.exp(-time / 0.12)
    attack = np.minimum(1.0, time / 0.006)
    return np.asarray((body + 0.25 * shine) * attack * _swell(count, 0.0, 0.3), dtype=np.float32)


@functools.lru_cache(maxsize=32)
def bass(note: int) -> Mono:
    """Return a low, slow note, about 2.4 s."""
    count = int(2.4 * RATE)
    time = np.arange(count, dtype=np.float32) / RATE
    tone = _oscillate(hertz(note), count, _wave(2.4, 4), 0.0)
    return np.asarray(tone * np.exp(-time / 0.9) * _swell(count, 0.03, 0.6), dtype=np.float32)


def whoosh(seconds: float, rng: np.random.Generator) -> Stereo:
    """Return a breath of band-limited noise that rises and falls, for the start of a chapter."""
    count = int(seconds * RATE)
    bins = np.fft.rfftfreq(count, 1 / RATE)
    band = np.exp(-0.5 * (np.log(np.maximum(bins, 1.0) / 900.0) / 0.75) ** 2)
    sides = []
    for _ in range(2):
        noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) * band, count)
        sides.append(noise / np.abs(noise).max())
    out = np.stack(sides, axis=1).astype(np.float32)
    shape = np.sin(np.linspace(0, np.pi, count)) ** 2 * np.linspace(0.4, 1.0, count)
    return np.asarray(out * shape[:, None], dtype=np.float32)
