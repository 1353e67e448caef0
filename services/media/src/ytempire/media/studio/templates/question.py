"""A question, with a mark the height of the frame and a marker swipe behind its last words."""

from __future__ import annotations

import numpy as np

from ytempire.media.studio.color import RGB
from ytempire.media.studio.fonts import Font
from ytempire.media.studio.motion import back, bob, expo, ramp
from ytempire.media.studio.shapes import polygons
from ytempire.media.studio.sprite import Canvas, Sprite, blit, flat, float_blit, xblit
from ytempire.media.studio.stage import BOTTOM, LEFT, TOP, Draw, Stage, kicker, template
from ytempire.media.studio.text import Block, Style, fit, glyphs


def marker(width: int, height: int, rgb: RGB, seed: int) -> Sprite:
    """A swipe of a marker pen."""
    rng = np.random.default_rng(seed)
    a, b, c, d = rng.random(4) * 10
    return flat(polygons(width, height, [[(0, a + 4), (width, b), (width - 6, height - c), (4, height - d)]]), rgb)


def swipes(block: Block, how: Style, rgb: RGB, seed: int) -> list[tuple[Sprite, float, float, int]]:
    """Markers behind the emphasised words: sprite, x and y from the block's corner, order."""
    out = []
    lines: dict[int, tuple[float, float]] = {}
    for word in block.words:
        if word.rgb == how.key:
            left, right = lines.get(word.line, (word.x, word.x))
            lines[word.line] = (min(left, word.x), max(right, word.x + word.width))
    for i, (line, (left, right)) in enumerate(sorted(lines.items())):
        height = round(block.cap * 1.36)
        sprite = marker(round(right - left + 36), height, rgb, seed + i)
        out.append((sprite, left - 18, line * block.pitch - block.cap * 0.14, i))
    return out


@template("question")
def question(stage: Stage) -> Draw:
    scene, ground, colours = stage.scene, stage.ground, stage.colours
    plate = stage.plate()
    how = stage.style(stage.type.display(138), 1.1)
    # On the marker the phrase keeps the text colour: the swipe itself is the emphasis.
    how = Style(how.font, how.rgb, how.font, (how.rgb[0] + 1e-6, how.rgb[1], how.rgb[2]), 1.1)
    title = fit(scene.title, how, (150, 132, 116, 100, 88, 76), 1080, 5, 600)
    swipe_rgb = colours.accent if not ground.dark else colours.brand
    behind = swipes(title, Style(how.font, how.rgb, how.font, how.key), swipe_rgb, scene.seed)
    top = TOP + 40 + max(0, (BOTTOM - TOP - 40 - title.height) // 2)
    head = kicker(stage, LEFT + 4, top - 52)
    face = "bricolage" if stage.kit.type == "friendly" else "archivo"
    mark = glyphs("?", Font(face, 1000, 800, 100), colours.brand)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        t = ramp(frame, 4, 20)
        if 0 < t < 1:
            xblit(canvas, mark, 1500, 500 + (1 - back(t, 0.8)) * 700, 1.0, 8 * (1 - expo(t)))
        elif t >= 1:
            at = (1500 - mark.width / 2 - mark.dx, 500 - mark.height / 2 - mark.dy)
            float_blit(canvas, mark, at[0], at[1] + bob(frame - 24, 110) * 12)
        head(canvas, frame)
        for sprite, dx, dy, order in behind:
            shown = expo(ramp(frame, 26 + order * 8, 18))
            x = LEFT + dx
            blit(canvas, sprite, x, top + dy, clip=(0, 0, round(x + sprite.width * shown), 1080))
        title.draw(canvas, frame, LEFT, top, 6)

    return draw
