"""A web of nodes in which messages travel."""

from __future__ import annotations

import math

import numpy as np

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import back, bob, io3, ramp
from ytempire.media.studio.shapes import disc, ring
from ytempire.media.studio.sprite import Canvas, Sprite, blit, flat, xblit
from ytempire.media.studio.stage import Draw, Stage
from ytempire.media.studio.stroke import Stroke, united


def network(stage: Stage) -> Draw:
    c, rng = stage.colours, np.random.default_rng(stage.scene.seed)
    plate = stage.plate("night")
    nodes = _nodes(rng)
    edges = _edges(nodes)
    tones = (c.accent, c.brand, c.acc2, c.white, c.acc3)
    balls = [
        (flat(disc(r), tones[i % 5], trim=False), flat(ring(r + 14, 3), mix(c.night.bg, tones[i % 5], 0.5), trim=False))
        for i, (_, _, r) in enumerate(nodes)
    ]
    lines = [Stroke([nodes[a][:2], nodes[b][:2]], 4, mix(c.night.bg, c.brand, 0.6)) for a, b in edges]
    settled = united(lines)
    spark = flat(disc(9), mix(c.accent, c.white, 0.4), trim=False)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        if frame >= 32 + 2 * len(lines):
            blit(canvas, settled, 0, 0)
        else:
            for i, line in enumerate(lines):
                line.draw(canvas, io3(ramp(frame, 10 + i * 2, 22)))
        for i, line in enumerate(lines):
            t = ((frame - 40 - i * 13) % 70) / 46
            if frame > 40 + i * 4 and 0 < t < 1:
                x, y = line.head(t)
                blit(canvas, spark, x - 9, y - 9)
        for i, (x, y, r) in enumerate(nodes):
            _node(canvas, frame, balls[i], x, y, r, i)

    return draw


def _node(canvas: Canvas, frame: float, pair: tuple[Sprite, Sprite], x: float, y: float, r: float, i: int) -> None:
    pop = back(ramp(frame, 4 + i * 2, 16), 1.4)
    ball, halo = pair
    if frame < 4 + i * 2 + 16:
        xblit(canvas, ball, x, y, pop)
        return
    blit(canvas, ball, x - ball.width / 2, y - ball.height / 2)
    pulse = 1 + 0.12 * bob(frame, 90, i * 0.17)
    xblit(canvas, halo, x, y, pulse, 0, 0.8)


def _nodes(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Places on the right half, none too near another."""
    nodes: list[tuple[float, float, float]] = [(1400, 470, 74)]
    for _ in range(400):
        x, y, r = 1000 + rng.random() * 820, 150 + rng.random() * 660, 20 + rng.random() ** 2 * 34
        if all(math.hypot(x - a, y - b) > r + q + 74 for a, b, q in nodes):
            nodes.append((float(x), float(y), float(r)))
        if len(nodes) == 14:
            break
    return nodes


def _edges(nodes: list[tuple[float, float, float]]) -> list[tuple[int, int]]:
    """Every node joined to its two nearest."""
    edges: set[tuple[int, int]] = set()
    for i, (x, y, _) in enumerate(nodes):
        near = sorted(
            (j for j in range(len(nodes)) if j != i), key=lambda j: math.hypot(nodes[j][0] - x, nodes[j][1] - y)
        )
        edges.update((min(i, j), max(i, j)) for j in near[:2])
    return sorted(edges)
