"""A few words of weight, one after another, each filling the frame."""

from __future__ import annotations

from ytempire.media.studio.color import RGB
from ytempire.media.studio.fonts import Font, advance, clean, metrics
from ytempire.media.studio.motion import bob, expo, ramp
from ytempire.media.studio.sprite import WIDTH, Canvas, Sprite, float_blit, xblit
from ytempire.media.studio.stage import Draw, Stage, template
from ytempire.media.studio.text import glyphs


@template("kinetic")
def kinetic(stage: Stage) -> Draw:
    """Every item is a word or a short group, with the frame at which it is said."""
    colours, items = stage.colours, stage.scene.items
    grounds: tuple[tuple[RGB, RGB], ...] = (
        (colours.deep, colours.white), (colours.accent, colours.ink), (colours.night.bg, colours.accent)
    )  # fmt: skip
    words: list[tuple[Sprite, int, RGB, float]] = []
    for i, item in enumerate(items):
        bg, fg = grounds[i % 3]
        text = clean(item.label)
        font = _fitting(stage, text, i)
        made = glyphs(text, font, fg)
        made = Sprite(made.y, made.u, made.v, made.a)
        words.append((made, item.at, bg, metrics(font)[0] / 2))

    def draw(canvas: Canvas, frame: float) -> None:
        index = max((i for i, w in enumerate(words) if frame >= w[1]), default=0)
        sprite, at, bg, _ = words[index]
        since = frame - at
        if index:
            canvas.fill(words[index - 1][2])
            # The new ground wipes in from alternating sides.
            edge = round(WIDTH * expo(ramp(since, -1, 10)) / 2) * 2
            canvas.fill(bg, (0, 0, edge, 1080) if index % 2 else (WIDTH - edge, 0, WIDTH, 1080))
        else:
            canvas.fill(bg)
        t = expo(ramp(since, 0, 16))
        side = 240 if index % 2 else -240
        if since < 16:
            xblit(canvas, sprite, WIDTH / 2 + (1 - t) * side, 500, 1.12 - 0.12 * t, 0, min(1.0, t * 2))
        else:
            top = 500 - sprite.height / 2 + bob(since - 16, 100) * 9
            float_blit(canvas, sprite, WIDTH / 2 - sprite.width / 2, top)

    return draw


def _fitting(stage: Stage, text: str, index: int) -> Font:
    """The largest size at which the text fills the width; every second word in the other voice."""
    size = 520
    while size > 120:
        plain = stage.type.condensed(size)
        font = plain if index % 2 == 0 or stage.kit.type == "friendly" else Font("fraunces-italic", size, 600)
        if advance(text, font) <= 1560:
            return font
        size -= 20
    return font
