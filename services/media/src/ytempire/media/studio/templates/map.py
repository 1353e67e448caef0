"""Places on a map: countries light up, pins drop, and a route joins them in the order they are named."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from ytempire.media.studio.color import mix
from ytempire.media.studio.fonts import advance
from ytempire.media.studio.geography import countries, country_of, equal_earth, locate
from ytempire.media.studio.motion import back, bob, expo, io3, ramp
from ytempire.media.studio.parts import raised
from ytempire.media.studio.plate import MARGIN_X, MARGIN_Y, Plate
from ytempire.media.studio.shapes import card, disc, ring
from ytempire.media.studio.sprite import HEIGHT, WIDTH, Canvas, Plane, Sprite, blit, flat, xblit
from ytempire.media.studio.stage import LEFT, Draw, Stage, template
from ytempire.media.studio.stroke import Stroke
from ytempire.media.studio.text import glyphs

_W, _H = WIDTH + 2 * MARGIN_X, HEIGHT + 2 * MARGIN_Y
Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _View:
    """The part of the projected world that the frame shows."""

    scale: float
    x: float
    y: float

    @property
    def turns(self) -> tuple[float, ...]:
        """By how many degrees the world is also drawn again, where the frame reaches over its edge."""
        left, right = self.x, self.x + _W / self.scale
        return (0.0, *((-360.0,) if left < -2.0 else ()), *((360.0,) if right > 2.0 else ()))

    def place(self, points: Points) -> Points:
        """Pixels of longitude/latitude pairs on the drawn map."""
        flat_points = equal_earth(points)
        # Pixels of the plate, which is larger than the frame by its margins.
        out: Points = np.stack(
            ((flat_points[..., 0] - self.x) * self.scale, (flat_points[..., 1] - self.y) * self.scale), -1
        )
        return out


@dataclass(frozen=True)
class _Pin:
    x: float
    y: float
    start: float
    tag: Sprite
    tag_x: float
    tag_y: float
    text: Sprite


def _view(points: Points) -> _View:
    """Frames the places to the right of the text, never nearer than a large country."""
    flat_points = equal_earth(points)
    low, high = flat_points.min(0), flat_points.max(0)
    span = max(float(high[0] - low[0]) * 1.25, float(high[1] - low[1]) * 2.0, 0.62)
    scale = 1150 / span
    middle = (low + high) / 2
    return _View(scale, float(middle[0]) - (1220 + MARGIN_X) / scale, float(middle[1]) - (430 + MARGIN_Y) / scale)


@template("map")
def world(stage: Stage) -> Draw:
    scene, c = stage.scene, stage.colours
    items = [(i, p) for i in scene.items if (p := locate(i.label)) is not None]
    points: Points = np.array([p for _, p in items] or [(0.0, 30.0)], np.float64)
    view = _view(points)
    plate, focus = _land(stage, view, [country_of(i.label) for i, _ in items])
    pins = _pins(
        stage, view.place(points) - (MARGIN_X, MARGIN_Y), [i.label for i, _ in items], [i.at for i, _ in items]
    )
    route = Stroke(_bent([(p.x, p.y) for p in pins]), 7, c.white) if len(pins) > 1 else None
    head, halo = flat(disc(13), c.accent, trim=False), flat(ring(26, 4), c.white, trim=False)
    title = stage.headline(scene.title, (84, 74, 64, 56), 760, 5, 420)
    top = 800 - title.height
    ends = [p.start for p in pins]

    def progress(frame: float) -> float:
        """Share of the route drawn: it reaches each pin as that pin's time comes."""
        legs = len(ends) - 1
        done = sum(io3(ramp(frame, ends[k + 1] - 26, 28)) for k in range(legs))
        return done / legs

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        x, y = Plate.corner(frame)
        pan = (MARGIN_X - x, MARGIN_Y - y)
        if focus:
            blit(canvas, focus, -x, -y, ramp(frame, 12, 12))
        if route:
            route.draw(canvas, progress(frame), dx=pan[0], dy=pan[1])
        for i, pin in enumerate(pins):
            _draw_pin(canvas, frame, pin, pan, head, halo, i)
        title.draw(canvas, frame, LEFT, top, 8)

    return draw


def _land(stage: Stage, view: _View, named: list[str]) -> tuple[Plate, Sprite | None]:
    """The map baked into the plate, and the countries to light up."""
    c = stage.colours
    mask, lines, lit = (np.zeros((_H, _W), np.uint8) for _ in range(3))
    for name, rings in countries().items():
        for outline in rings:
            for turn in view.turns:
                pixels = view.place(outline + np.array((turn, 0.0)))
                low, high = pixels.min(0), pixels.max(0)
                if high[0] < -40 or high[1] < -40 or low[0] > _W + 40 or low[1] > _H + 40:
                    continue
                shape = [np.round(pixels * 8).astype(np.int32)]
                cv2.fillPoly(lit if name in named else mask, shape, 255, cv2.LINE_AA, 3)
                cv2.polylines(lines, shape, True, 255, 1, cv2.LINE_AA, 3)
    land, borders = (
        flat(mask, mix(c.night.bg, c.brand, 0.34), trim=False),
        flat(lines, mix(c.night.bg, c.ink, 0.4), trim=False),
    )
    plate = stage.plate("night").baked([land, borders, _scrim(stage)])
    return plate, flat(lit, c.accent) if lit.any() else None


def _pins(stage: Stage, places: Points, names: list[str], times: list[int]) -> list[_Pin]:
    c, font = stage.colours, stage.type.label(38)
    pins: list[_Pin] = []
    boxes: list[tuple[float, float, float, float]] = [(0, 500, 900, 1080)]
    for i, name in enumerate(names):
        x, y = (float(v) for v in places[i])
        width = round(advance(name, font)) + 52
        text = glyphs(name, font, c.ink)
        tag = raised(card(width, 70, stage.radius(14), c.light.card), c.ink, 12, 0.4)
        options = [
            (x + 30, y - 100),
            (x + 30, y + 30),
            (x - width - 30, y - 100),
            (x - width - 30, y + 30),
            (x - width / 2, y - 120),
            (x - width / 2, y + 40),
        ]
        at = next((o for o in options if _free(o, width, boxes)), options[0])
        boxes.append((at[0], at[1], at[0] + width, at[1] + 70))
        boxes.append((x - 30, y - 30, x + 30, y + 30))
        start = max(14.0 + 24 * i, min(stage.scene.frames - 40.0, float(times[i])))
        pins.append(_Pin(x, y, start, tag, at[0], at[1], text))
    return pins


def _free(at: tuple[float, float], width: float, boxes: list[tuple[float, float, float, float]]) -> bool:
    x, y = at
    if x < 60 or x + width > 1840 or y < 110 or y + 70 > 830:
        return False
    return all(x + width < a or x > c or y + 70 < b or y > d for a, b, c, d in boxes)


def _bent(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The route as one curve: every leg bows upwards a little."""
    out: list[tuple[float, float]] = []
    for (ax, ay), (bx, by) in pairwise(points):
        mx, my = (ax + bx) / 2 + (by - ay) * 0.12, (ay + by) / 2 - abs(bx - ax) * 0.16
        for k in range(25):
            t = k / 24
            out.append(
                (
                    (1 - t) ** 2 * ax + 2 * t * (1 - t) * mx + t * t * bx,
                    (1 - t) ** 2 * ay + 2 * t * (1 - t) * my + t * t * by,
                )
            )
    return out


def _draw_pin(
    canvas: Canvas, frame: float, pin: _Pin, pan: tuple[int, int], head: Sprite, halo: Sprite, i: int
) -> None:
    pop = ramp(frame, pin.start, 14)
    if pop <= 0:
        return
    dx, dy = pan
    xblit(canvas, head, pin.x + dx, pin.y + dy, back(pop, 1.6))
    xblit(canvas, halo, pin.x + dx, pin.y + dy, pop * (1.1 + 0.2 * bob(frame, 60, i * 0.2)))
    t = expo(ramp(frame, pin.start + 4, 16))
    y = pin.tag_y + (1 - t) * 30 + dy
    blit(canvas, pin.tag, pin.tag_x + dx, y, min(1.0, t * 1.5))
    blit(canvas, pin.text, pin.tag_x + 26 + dx, y + 48, min(1.0, t * 1.5))


def _scrim(stage: Stage) -> Sprite:
    """Darkness in the lower left, where the text stands."""
    xs = np.clip(1 - (np.arange(_W, dtype=np.float32) - MARGIN_X) / 1180, 0, 1) ** 0.9
    ys = np.clip((np.arange(_H, dtype=np.float32) - MARGIN_Y - 220) / 420, 0, 1)
    mask: Plane = (ys[:, None] * xs[None, :] * 225).astype(np.uint8)
    return flat(mask, mix(stage.colours.night.bg, stage.colours.ink, 0.4), trim=False)
