"""The music bed: a calm piece of any length, composed from a seed and played block by block.

The same seed gives the same samples. Blocks keep memory flat: an eight-minute bed is never whole in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ytempire.media.sound import instruments
from ytempire.media.sound.instruments import RATE, Stereo

_PAD_OVERLAP_S = 2.2
_TAIL_S = 4.0
_STEPS = 8
"""Eighth notes in a bar."""
_SECTION_BARS = 8
# Degrees of a scale, counted from 0, in progressions that come to rest nowhere in particular: a bed has no cadence.
_PROGRESSIONS = ((0, 5, 3, 4), (0, 3, 5, 3), (5, 3, 0, 4), (0, 4, 5, 3), (3, 0, 4, 5), (5, 0, 3, 0))
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_DORIAN = (0, 2, 3, 5, 7, 9, 10)
_SHAPES = ((0, 1, 2, 1, 3, 2, 1, 2), (0, 2, 1, 3, 2, 1, 2, 1), (0, 1, 3, 1, 2, 1, 3, 2))
_PAD_GAIN, _PLUCK_GAIN, _BASS_GAIN = 0.5, 0.16, 0.26


@dataclass(frozen=True)
class _Plan:
    """What the seed decides once for the whole piece."""

    bar_s: float
    tonic: int
    scale: tuple[int, ...]
    sections: tuple[tuple[int, ...], ...]

    def note(self, degree: int, octave: int) -> int:
        up, step = divmod(degree, len(self.scale))
        return self.tonic + self.scale[step] + 12 * (octave + up)

    def chord(self, degree: int) -> tuple[int, ...]:
        """Return root, fifth, third and seventh in an open position."""
        return (self.note(degree, 0), self.note(degree + 4, 0), self.note(degree + 2, 1), self.note(degree + 6, 1))


def _plan(rng: np.random.Generator) -> _Plan:
    tempo = float(rng.integers(72, 85))
    order = rng.permutation(len(_PROGRESSIONS))[:3]
    return _Plan(
        bar_s=4 * 60.0 / tempo,
        tonic=int(rng.integers(45, 53)),
        scale=_MAJOR if rng.uniform() < 0.6 else _DORIAN,
        sections=tuple(_PROGRESSIONS[i] for i in order),
    )


def compose(seed: int, duration_s: float) -> Iterator[Stereo]:
    """Yield the bed in blocks of one bar, together exactly ``duration_s`` long, at about -18 dB RMS."""
    rng = np.random.default_rng(seed)
    plan = _plan(rng)
    bar = round(plan.bar_s * RATE)
    total = round(duration_s * RATE)
    buffer = np.zeros((bar + int(_TAIL_S * RATE) + bar, 2), np.float32)
    pads: dict[int, Stereo] = {}
    done, number = 0, 0
    while done < total:
        section = number // _SECTION_BARS
        progression = plan.sections[section % len(plan.sections)]
        degree = progression[number % len(progression)]
        if degree not in pads:
            pads[degree] = instruments.pad(plan.chord(degree), plan.bar_s + _PAD_OVERLAP_S, rng)
        _add(buffer, pads[degree], 0, _PAD_GAIN)
        _play_bar(buffer, plan, degree, section, rng)
        block = buffer[:bar].copy()
        buffer = np.concatenate((buffer[bar:], np.zeros((bar, 2), np.float32)))
        yield block[: total - done]
        done += min(bar, total - done)
        number += 1


def _play_bar(buffer: Stereo, plan: _Plan, degree: int, section: int, rng: np.random.Generator) -> None:
    """Add the bass and the pulse of one bar. Every third section is without the pulse, so that the ear can rest."""
    step = plan.bar_s * RATE / _STEPS
    root = plan.note(degree, -1)
    _add(buffer, instruments.bass(root if root >= 36 else root + 12), 0, _BASS_GAIN)
    if section % 3 == 2:
        return
    chord = sorted(plan.chord(degree))
    shape = _SHAPES[section % len(_SHAPES)]
    for position in range(_STEPS):
        if rng.uniform() < (0.12 if position % 2 == 0 else 0.38):
            continue
        note = chord[shape[position]] + 12
        accent = 1.0 if position == 0 else float(rng.uniform(0.55, 0.85))
        sideways = float(rng.uniform(-0.5, 0.5))
        early = int(step * position + rng.integers(0, 240))
        _add_panned(buffer, instruments.pluck(note), early, _PLUCK_GAIN * accent, sideways)
        echo = int(early + 1.5 * step)
        _add_panned(buffer, instruments.pluck(note), echo, 0.35 * _PLUCK_GAIN * accent, -sideways)


def _add(buffer: Stereo, sound: Stereo, at: int, gain: float) -> None:
    end = min(len(buffer), at + len(sound))
    part = sound[: end - at] * np.float32(gain)
    buffer[at:end] += part if part.ndim == 2 else part[:, None]


def _add_panned(buffer: Stereo, sound: Stereo, at: int, gain: float, sideways: float) -> None:
    """Add a mono sound; ``sideways`` is -1 for left to 1 for right, at equal power."""
    angle = (sideways + 1) * np.pi / 4
    sides = np.array([np.cos(angle), np.sin(angle)], np.float32) * np.float32(gain)
    end = min(len(buffer), at + len(sound))
    buffer[at:end] += sound[: end - at, None] * sides
