"""One thing against another on two grounds that meet in the middle."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.media.studio.color import RGB, Ground, mix
from ytempire.media.studio.motion import back, bob, expo, io3, ramp
from ytempire.media.studio.parts import picture, raised, readable
from ytempire.media.studio.shapes import blank, disc, paint
from ytempire.media.studio.sprite import HEIGHT, WIDTH, Canvas, Sprite, blit, flat, float_blit, xblit
from ytempire.media.studio.stage import Draw, Stage, template
from ytempire.media.studio.text import Block, Counter, fit, glyphs, label

_SEAM = WIDTH // 2


@dataclass(frozen=True)
class _Half:
    x: int
    start: float
    ground: Ground
    name: Block
    counter: Counter | None
    value: float
    detail: Block
    disc: Sprite
    thing: Sprite | None


@template("versus")
def versus(stage: Stage) -> Draw:
    c = stage.colours
    left, right = stage.plate("paper"), stage.plate("night")
    halves = [_half(stage, i, (c.light, c.night)[i]) for i in range(min(2, len(stage.scene.items)))]
    knob = raised(paint(blank(120, 120), disc(60), c.accent), c.ink, 12, 0.35, 3, 8)
    vs = glyphs("vs", stage.type.emphasis(stage.type.label(46)), readable(stage, c.accent))
    unit = stage.scene.unit

    def draw(canvas: Canvas, frame: float) -> None:
        left.draw(canvas, frame)
        wipe = io3(ramp(frame, 8, 28))
        edge = round((WIDTH - (WIDTH - _SEAM) * wipe) / 2) * 2
        if edge < WIDTH:
            keep = [
                (p.copy(), e)
                for p, e in (
                    (canvas.y[:, :edge], edge),
                    (canvas.u[:, : edge // 2], edge),
                    (canvas.v[:, : edge // 2], edge),
                )
            ]
            right.draw(canvas, frame, -1)
            for plane, (saved, _) in zip((canvas.y, canvas.u, canvas.v), keep, strict=True):
                plane[:, : saved.shape[1]] = saved
        for half in halves:
            _draw_half(canvas, frame, stage, half, unit)
        pop = ramp(frame, 30, 16)
        xblit(canvas, knob, _SEAM, 500, back(pop, 1.4), pivot=(60 - knob.dx, 60 - knob.dy))
        if pop >= 1:
            blit(canvas, vs, _SEAM - vs.width / 2 - vs.dx, 500 - vs.height / 2 - vs.dy)

    return draw


def _half(stage: Stage, i: int, ground: Ground) -> _Half:
    item, c = stage.scene.items[i], stage.colours
    x = 120 if i == 0 else _SEAM + 130
    width = 700
    how = stage.style(stage.type.display(88), 1.04, ground=ground)
    name = fit(item.label, how, (88, 76, 64, 54), width, 3, 220)
    number = item.number
    counter = (
        Counter(stage.type.condensed(150), ground.key, number.decimals, number.prefix, number.suffix)
        if number
        else None
    )
    detail = fit(item.detail, stage.style(stage.type.body(40), 1.26, ground.fg, ground), (42, 38, 34), width - 40, 4)
    tint: RGB = mix(ground.bg, c.brand, 0.42) if ground.dark else mix(ground.bg, c.accent, 0.5)
    thing = (
        raised(picture(stage, item.picture, 200, ground.fg, ground.key), c.ink, 12, 0.3, 4, 12)
        if item.picture
        else None
    )
    start = max(14.0 if i == 0 else 30.0, stage.start(i, 14, 30))
    return _Half(
        x,
        start,
        ground,
        name,
        counter,
        number.value if number else 0.0,
        detail,
        flat(disc(130), tint, trim=False),
        thing,
    )


def _draw_half(canvas: Canvas, frame: float, stage: Stage, half: _Half, unit: str) -> None:
    blocks = (
        (300 if half.thing else 0)
        + half.name.height
        + 60
        + (half.counter.cap + 56 if half.counter else 0)
        + half.detail.height
    )
    y = 130.0 + max(0.0, (700 - blocks) / 2)
    if half.thing:
        pop = back(ramp(frame, half.start, 16), 1.3)
        if pop < 0.999 or ramp(frame, half.start, 16) < 1:
            xblit(canvas, half.disc, half.x + 130, y + 120, pop)
            xblit(canvas, half.thing, half.x + 130, y + 120, pop, pivot=(100 - half.thing.dx, 100 - half.thing.dy))
        else:
            blit(canvas, half.disc, half.x, y - 10)
            float_blit(canvas, half.thing, half.x + 30, y + 20 + bob(frame, 110, half.x / 1000) * 8)
        y += 300
    half.name.draw(canvas, frame, half.x, y, half.start + 4)
    y += half.name.height + 60
    if half.counter:
        t = expo(ramp(frame, half.start + 8, 40))
        half.counter.draw(
            canvas,
            half.x - 4,
            y + half.counter.cap,
            half.value * t if t < 1 else half.value,
            ramp(frame, half.start + 6, 8),
        )
        label(canvas, unit, stage.type.label(36), half.ground.mut, half.x + half.counter.width(half.value) + 24,
              y + half.counter.cap, ramp(frame, half.start + 20, 10))  # fmt: skip
        y += half.counter.cap + 56
    if y + half.detail.height < HEIGHT - 210:
        half.detail.draw(canvas, frame, half.x, y, half.start + 14, 1)
