"""Three to five members of an enumeration, each on its own card as it is named."""

from __future__ import annotations

from ytempire.media.studio.color import mix
from ytempire.media.studio.motion import bob, expo, ramp
from ytempire.media.studio.parts import panel, picture, raised, tile
from ytempire.media.studio.sprite import Canvas, blit, sprite, xblit
from ytempire.media.studio.stage import BOTTOM, LEFT, RIGHT, TOP, Draw, Stage, kicker, template
from ytempire.media.studio.text import fit, glyphs, lay_out


@template("list")
def listing(stage: Stage) -> Draw:
    scene, ground, colours = stage.scene, stage.ground, stage.colours
    plate = stage.plate()
    items = scene.items[:5]
    title = stage.headline(scene.title, (100, 88, 76, 66), 700, 5, 420)
    x = 900
    pitch = min(218, (BOTTOM - TOP - 10) // max(1, len(items)))
    height = min(186, pitch - 22)
    top = TOP + 20 + (BOTTOM - TOP - 20 - pitch * len(items) + 22) // 2
    fills = (colours.accent, colours.acc2, colours.white, colours.brand, colours.acc3)
    back_card = panel(stage, RIGHT - x, height, 26, ground.card)
    cards = []
    for i, item in enumerate(items):
        fill = fills[i % len(fills)] if ground.dark else (ground.key, colours.deep, colours.brand)[i % 3]
        face = sprite(tile(stage, item.picture, height, fill, str(i + 1)), trim=False)
        room = RIGHT - x - height - 130
        name = fit(item.label, stage.style(stage.type.label(48), 1.12), (50, 44, 38, 34), room, 2, height - 50)
        detail = lay_out(item.detail, stage.style(stage.type.body(32), 1.25, ground.mut), room)
        numeral = glyphs(
            str(i + 1) if item.picture else " ", stage.type.condensed(64), mix(ground.card, ground.fg, 0.4)
        )
        cards.append((face, name, detail if item.detail and name.lines == 1 else None, numeral, stage.start(i, 20, 26)))
    big = raised(picture(stage, scene.picture, 300), colours.ink, 14, 0.3) if scene.picture else None
    room_below = BOTTOM - (TOP + 190 + title.height)
    head_top = TOP + 110 if big and room_below > 330 else TOP + 60 + (BOTTOM - TOP - 60 - title.height) // 2
    head = kicker(stage, LEFT + 4, head_top - 44)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        head(canvas, frame)
        title.draw(canvas, frame, LEFT, head_top, 6)
        if big and room_below > 330:
            rise = expo(ramp(frame, 12, 24))
            xblit(
                canvas, big, LEFT + 170, head_top + title.height + 230 + (1 - rise) * 120 + bob(frame, 120) * 8,
                1.0, bob(frame, 150) * 2, min(1.0, rise * 1.5),
            )  # fmt: skip
        for i, (face, name, detail, numeral, start) in enumerate(cards):
            t = ramp(frame, start - 2, 22)
            if t <= 0:
                continue
            cx, cy = x + (1 - expo(t)) * 1100, top + i * pitch
            lift = round(bob(frame, 150, i * 0.21) * 3) if t >= 1 else 0
            blit(canvas, back_card, cx, cy + lift)
            blit(canvas, face, cx, cy + lift)
            block = name.height + (30 + detail.cap if detail else 0)
            y = cy + (height - block) / 2 + lift
            name.draw(canvas, frame, cx + height + 36, y, start + 4, 1)
            if detail:
                detail.draw(canvas, frame, cx + height + 36, y + name.height + 30, start + 10, 1)
            blit(canvas, numeral, cx + RIGHT - x - 66, cy + 66 + lift)

    return draw
