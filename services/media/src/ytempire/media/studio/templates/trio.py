"""Three nouns side by side on tall cards, each with its drawn object."""

from __future__ import annotations

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import back, bob, expo, ramp
from ytempire.media.studio.parts import picture, raised
from ytempire.media.studio.shapes import blank, disc, paint, rounded
from ytempire.media.studio.sprite import Canvas, Sprite, blit, sprite, xblit
from ytempire.media.studio.stage import LEFT, RIGHT, TOP, Draw, Stage, kicker, template
from ytempire.media.studio.text import Block, fit

_W, _H, _HEAD = 520, 500, 300


@template("trio")
def trio(stage: Stage) -> Draw:
    scene, colours = stage.scene, stage.colours
    plate = stage.plate()
    title = stage.title(scene.title)
    top = TOP + 84
    head = kicker(stage, LEFT + 2, top - 38)
    y = top + title.height + 56
    tints = (mix(colours.accent, colours.white, 0.35), mix(colours.brand, colours.white, 0.45), colours.acc2)
    cards: list[tuple[Sprite, Sprite, Block, float]] = []
    for i, item in enumerate(scene.items[:3]):
        mask = rounded(_W, _H, stage.radius(28))
        art = paint(blank(_W, _H), mask, colours.light.card)
        upper = mask.copy()
        upper[_HEAD:] = 0
        paint(art, upper, tints[i])
        paint(art, disc(112), mix(tints[i], colours.deep if i == 1 else colours.accent, 0.45), _W // 2 - 112, 38)
        thing = sprite(picture(stage, item.picture, 180, colours.ink, colours.white), trim=False)
        how = stage.style(stage.type.label(44), 1.14, colours.ink, colours.light)
        name = fit(item.label, how, (46, 40, 36), _W - 60, 3, 160, "center")
        cards.append((raised(art, colours.ink, 20, 0.24), thing, name, stage.start(i, 16, 24)))
    gap = (RIGHT - LEFT - 3 * _W) // 2

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        head(canvas, frame)
        title.draw(canvas, frame, LEFT, top, 4)
        for i, (card, thing, name, start) in enumerate(cards):
            t = ramp(frame, start - 2, 22)
            if t <= 0:
                continue
            x, cy = LEFT + i * (_W + gap), y + (1 - expo(t)) * 760
            blit(canvas, card, x, cy)
            pop = back(ramp(frame, start + 6, 15), 1.6)
            hover = bob(frame, 110, i * 0.3) * 6
            xblit(canvas, thing, x + _W / 2, cy + 150 + hover, pop, bob(frame, 130, i * 0.2) * 3)
            room = _H - _HEAD
            name.draw(canvas, frame, x + (_W - name.width) / 2, cy + _HEAD + (room - name.height) / 2, start + 6, 1)

    return draw
