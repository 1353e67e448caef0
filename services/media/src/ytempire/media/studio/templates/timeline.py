"""Dated events on an axis: the camera moves from one to the next as the narration does."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import back, bob, io3, out3, ramp
from ytempire.media.studio.parts import badge, raised
from ytempire.media.studio.shapes import card, disc, solid
from ytempire.media.studio.sprite import Canvas, Sprite, blit, flat, sprite, xblit
from ytempire.media.studio.stage import LEFT, Draw, Stage, template
from ytempire.media.studio.text import Block, fit, glyphs

_AXIS, _PITCH, _CARD_W = 556, 780, 660


@dataclass(frozen=True)
class _Event:
    x: float
    above: bool
    start: float
    card: Sprite
    height: int
    icon: Sprite | None
    year: Block
    text: Block
    ghost: Sprite


@template("timeline")
def timeline(stage: Stage) -> Draw:
    ground = stage.ground
    plate = stage.plate()
    title = stage.title(stage.scene.title, 1500, 1)
    events = _events(stage)
    starts = [e.start for e in events]
    length = round(events[-1].x + 1500) if events else 100
    dim = solid(length, 4, 2, mix(ground.bg, ground.fg, 0.25))
    lit = solid(length, 6, 3, ground.key)
    node = flat(disc(15), ground.key, trim=False)
    hollow = flat(disc(11), mix(ground.bg, ground.fg, 0.3), trim=False)
    stem = solid(4, 120, 0, ground.key)

    def camera(frame: float) -> float:
        x = events[0].x - 560 if events else 0.0
        for i in range(1, len(events)):
            x += (events[i].x - events[i - 1].x) * io3(ramp(frame, starts[i] - 8, 28))
        return x + frame * 0.25

    def reach(frame: float) -> float:
        x = events[0].x * io3(ramp(frame, 0, starts[0] + 12)) if events else 0.0
        for i in range(1, len(events)):
            x += (events[i].x - events[i - 1].x) * io3(ramp(frame, starts[i] - 8, 28))
        return x

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        cam, tip = camera(frame), reach(frame)
        for e in events:
            y = _AXIS + (330 if e.above else -60)
            blit(canvas, e.ghost, e.x + 20 - cam * 1.2 + 0.2 * (events[0].x - 480), y)
        title.draw(canvas, frame, LEFT, 122, 4)
        blit(canvas, dim, -cam - 700, _AXIS - 2)
        blit(canvas, lit, -cam - 700, _AXIS - 3, clip=(0, 0, max(0, round(tip - cam)), 1080))
        for i, e in enumerate(events):
            x = e.x - cam
            if -700 < x < 2600:
                _draw_event(canvas, frame, e, x, stem, node, hollow, i < len(events) - 1 and frame > starts[i + 1] + 14)

    return draw


def _events(stage: Stage) -> list[_Event]:
    scene, c, light = stage.scene, stage.colours, stage.colours.light
    items = scene.items[:7]
    gap = max(30.0, min(60.0, (scene.frames - 40) / max(1, len(items))))
    events = []
    last = -20.0
    for i, item in enumerate(items):
        start = max(stage.start(i, 14, gap), last + 30 if i else 10)
        last = start
        year = fit(item.label, stage.style(stage.type.numeral(66), 1.0, light.fg), (66, 54, 44), _CARD_W - 190, 1)
        text = fit(
            item.detail, stage.style(stage.type.label(42), 1.16, light.fg, light), (46, 42, 38, 34), _CARD_W - 72, 3
        )
        height = 44 + 88 + 40 + text.height + 44
        icon = (
            sprite(badge(stage, item.picture, 88, (c.accent, c.brand, c.acc2)[i % 3]), trim=False)
            if item.picture
            else None
        )
        art = card(_CARD_W, height, stage.radius(26), light.card)
        ghost = glyphs(item.label[:6], stage.type.condensed(360), mix(stage.ground.bg, stage.ground.fg, 0.09))
        events.append(
            _Event(480 + i * _PITCH, i % 2 == 0, start, raised(art, c.ink, 20, 0.4), height, icon, year, text, ghost)
        )
    return events


def _draw_event(
    canvas: Canvas, frame: float, e: _Event, x: float, stem: Sprite, node: Sprite, hollow: Sprite, past: bool
) -> None:
    t = ramp(frame, e.start, 20)
    if t <= 0:
        blit(canvas, hollow, x - 11, _AXIS - 11)
        return
    grown = out3(t)
    reach = round(64 * grown)
    top = _AXIS - reach if e.above else _AXIS
    blit(canvas, stem, x - 2, top, clip=(0, top, 1920, top + reach))
    lift = (1 - grown) * 60
    y = (_AXIS - 64 - e.height + lift) if e.above else (_AXIS + 64 - lift)
    y += bob(frame, 130, e.x / 900) * 3
    left = x - 96
    fade = 0.55 if past else 1.0
    blit(canvas, e.card, left, y, min(fade, t * 2))
    inset = 36.0
    if e.icon:
        xblit(canvas, e.icon, left + 36 + 44, y + 44 + 44, back(ramp(frame, e.start + 6, 15), 1.5), opacity=fade)
        inset += 112
    e.year.draw(canvas, frame, left + inset, y + 44 + (88 - e.year.cap) / 2, e.start + 4, 1, opacity=fade)
    e.text.draw(canvas, frame, left + 36, y + 44 + 88 + 40, e.start + 8, 1, opacity=fade)
    xblit(canvas, node, x, _AXIS, back(t, 1.6))
