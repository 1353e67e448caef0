"""When each spoken word of one sentence is heard, from the phonemes' lengths or, without them, from the audio."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ytempire.media.voice import sounds
from ytempire.media.voice.speech import Phoneme

_MARKS = frozenset(",.;:!?—–…\"'()¿¡«»-_")
_EDGES = frozenset("^$")
_WORD = re.compile(r"[^\s-]+")
_PART_OF_WORD = re.compile(r"[A-Za-z0-9]")
_MAX_JOIN = 3
_JOIN_PENALTY = 0.6
_MAX_SHARED_GAP_S = 0.12
_PAUSE_S = 0.11
_HOP_S = 0.01


class Span(NamedTuple):
    """A stretch of time in seconds from the start of the sentence's audio."""

    start_s: float
    end_s: float


class Group(NamedTuple):
    """Phonemes that the voice says without a gap: mostly one word, sometimes two ("of the")."""

    sounds: str
    edges: tuple[float, ...]
    """Start of each sound, and the end of the last: one more than there are sounds."""
    after_mark: bool
    """Whether a comma or the like, thus perhaps a pause, comes before it."""


def spoken_words(spoken: str) -> list[str]:
    """Return the words of a spoken sentence; a hyphen divides words, marks alone are none."""
    return [w for w in _WORD.findall(spoken) if _PART_OF_WORD.search(w)]


def groups_of(phonemes: Sequence[Phoneme]) -> list[Group]:
    """Cut the phonemes at spaces and marks."""
    groups: list[Group] = []
    text, edges, now, mark = "", [0.0], 0.0, True
    for item in [*phonemes, Phoneme(phoneme="$", seconds=0.0)]:
        sound = item.phoneme
        if sound == " " or sound in _MARKS or sound in _EDGES:
            if text:
                groups.append(Group(text, tuple(edges), mark))
                text, mark = "", False
            mark = mark or sound != " "
        else:
            edges = [*edges, now + item.seconds] if text else [now, now + item.seconds]
            # One entry per phoneme symbol: a symbol of several characters would put edges and sounds out of step.
            text += sound[0]
        now += item.seconds
    return groups


def time_by_phonemes(words: Sequence[str], phonemes: Sequence[Phoneme]) -> list[Span] | None:
    """Time each word by the phonemes; None if the two cannot belong to each other."""
    groups = groups_of(phonemes)
    if not words or not groups:
        return None
    pairs = _pair(words, groups)
    if pairs is None:
        return None
    spans: list[Span] = []
    joined: list[bool] = []
    for first_word, last_word, first_group, last_group in pairs:
        spans += _divide(words[first_word:last_word], groups[first_group:last_group])
        joined += [not groups[first_group].after_mark] + [True] * (last_word - first_word - 1)
    return _close_gaps(spans, joined)


def _pair(words: Sequence[str], groups: Sequence[Group]) -> list[tuple[int, int, int, int]] | None:
    """Pair words with groups in order: one to one, some words to one group, or one word to some groups."""
    heard = [sounds.of_phonemes(g.sounds) for g in groups]
    written = [sounds.of_letters(w) for w in words]
    steps = [(1, 1), *((n, 1) for n in range(2, _MAX_JOIN + 1)), *((1, n) for n in range(2, _MAX_JOIN + 1))]
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    band = abs(len(words) - len(groups)) + 4
    for i in range(len(words) + 1):
        for j in range(max(0, i - band), min(len(groups), i + band) + 1):
            if (i, j) not in best:
                continue
            cost = best[i, j][0]
            for dw, dg in steps:
                k, m = i + dw, j + dg
                if k > len(words) or m > len(groups):
                    continue
                apart = sounds.distance("".join(written[i:k]), "".join(heard[j:m]))
                total = cost + apart + _JOIN_PENALTY * (dw + dg - 2)
                if (k, m) not in best or total < best[k, m][0]:
                    best[k, m] = (total, (i, j))
    return _trace(best, len(words), len(groups))


def _trace(
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]], words: int, groups: int
) -> list[tuple[int, int, int, int]] | None:
    if (words, groups) not in best:
        return None
    path: list[tuple[int, int, int, int]] = []
    at = (words, groups)
    while at != (0, 0):
        before = best[at][1]
        path.append((before[0], at[0], before[1], at[1]))
        at = before
    return path[::-1]


def _divide(words: Sequence[str], groups: Sequence[Group]) -> list[Span]:
    if len(words) == 1:
        return [Span(groups[0].edges[0], groups[-1].edges[-1])]
    group = groups[0]
    cuts = _best_cuts(tuple(words), group.sounds)
    bounds = [0, *cuts, len(group.sounds)]
    return [Span(group.edges[a], group.edges[b]) for a, b in itertools.pairwise(bounds)]


@functools.lru_cache(maxsize=2048)
def _best_cuts(words: tuple[str, ...], heard: str) -> tuple[int, ...]:
    """Return where in ``heard`` the words after the first begin, so that each part sounds most like its word."""
    if len(words) == 1:
        return ()
    best_cost, best = float("inf"), tuple(range(1, len(words)))
    last = len(heard) - (len(words) - 1)
    for cut in range(1, max(2, last + 1)):
        rest = _best_cuts(words[1:], heard[cut:])
        bounds = [0, cut, *(cut + c for c in rest), len(heard)]
        parts = [heard[a:b] for a, b in itertools.pairwise(bounds)]
        cost = sum(
            sounds.distance(sounds.of_letters(w), sounds.of_phonemes(p)) for w, p in zip(words, parts, strict=True)
        )
        if cost < best_cost:
            best_cost, best = cost, tuple(min(b, len(heard)) for b in bounds[1:-1])
    return best


def _close_gaps(spans: list[Span], joined: list[bool]) -> list[Span]:
    """Share the short gap between two words of a flow between them; a pause at a mark stays a pause."""
    out = list(spans)
    for i in range(1, len(out)):
        gap = out[i].start_s - out[i - 1].end_s
        if joined[i] and 0 < gap <= _MAX_SHARED_GAP_S:
            middle = out[i - 1].end_s + gap / 2
            out[i - 1] = Span(out[i - 1].start_s, middle)
            out[i] = Span(middle, out[i].end_s)
    return out


def time_by_audio(words: Sequence[str], samples: NDArray[np.float32], rate: int) -> list[Span]:
    """Time each word by the audio alone: the stretches with a voice are dealt out by how long each word is to say.

    An estimate for a voice that gives no phoneme lengths. Against those of the packaged voice, over 181 words, it was
    0.08 s off in the median and 0.30 s at the 95th percentile.
    """
    voiced = voiced_spans(samples, rate)
    total = sum(s.end_s - s.start_s for s in voiced)
    weights = [sounds.weight(w) for w in words]
    scale = total / sum(weights) if weights else 0.0
    spans, done = [], 0.0
    for size in weights:
        start, done = done, done + size * scale
        spans.append(Span(_at(voiced, start, opening=True), _at(voiced, done, opening=False)))
    return spans


def voiced_spans(samples: NDArray[np.float32], rate: int) -> list[Span]:
    """Return where there is a voice; pauses shorter than 0.11 s do not divide."""
    hop = max(1, int(rate * _HOP_S))
    count = len(samples) // hop
    whole = Span(0.0, len(samples) / rate)
    if count == 0:
        return [whole]
    energy = np.sqrt(np.mean(np.square(samples[: count * hop].reshape(count, hop), dtype=np.float64), axis=1))
    loud = energy > max(1e-4, 0.04 * float(np.percentile(energy, 95)))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(np.int8), [0]))))
    spans: list[Span] = []
    for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start, end = a * hop / rate, b * hop / rate
        if spans and start - spans[-1].end_s < _PAUSE_S:
            spans[-1] = Span(spans[-1].start_s, end)
        else:
            spans.append(Span(start, end))
    return spans or [whole]


def _at(voiced: list[Span], amount_s: float, *, opening: bool) -> float:
    """Return the time at which ``amount_s`` seconds of voice have been heard; at a pause, its end if ``opening``."""
    left = amount_s
    for i, span in enumerate(voiced):
        length = span.end_s - span.start_s
        last = i == len(voiced) - 1
        if left < length - 1e-9 or last or (not opening and left <= length + 1e-9):
            return span.start_s + min(left, length)
        left -= length
    return voiced[-1].end_s
