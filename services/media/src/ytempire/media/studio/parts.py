"""Picture parts that several templates share."""

from __future__ import annotations

from ytempire.media.studio.color import RGB, contrast, mix
from ytempire.media.studio.fonts import advance, metrics
from ytempire.media.studio.icons import icon, icon_library, spot, spot_library
from ytempire.media.studio.motion import back, bob, expo, ramp
from ytempire.media.studio.shapes import blank, card, disc, lay, paint, ring, rounded, shadow
from ytempire.media.studio.sprite import Art, Canvas, Plane, Sprite, blit, float_blit, sprite, xblit
from ytempire.media.studio.stage import Draw, Stage
from ytempire.media.studio.text import glyphs


def readable(stage: Stage, on: RGB) -> RGB:
    """Ink or white, whichever contrasts more with a colour."""
    colours = stage.colours
    return colours.ink if contrast(colours.ink, on) >= contrast(colours.white, on) else colours.white


def picture(stage: Stage, name: str, size: int, line: RGB | None = None, soft: RGB | None = None) -> Art:
    """The spot or icon of that name; an empty picture when there is none."""
    if name in spot_library():
        return spot(name, stage.kit, size)
    if name in icon_library():
        return icon(name, size, line or stage.ground.fg, soft or stage.ground.key)
    return blank(size, size)


def icon_or_none(stage: Stage, name: str, size: int) -> Sprite | None:
    """A spot or icon on no ground; None for an empty name."""
    return sprite(picture(stage, name, size & ~1), trim=False) if name else None


def badge(stage: Stage, name: str, size: int, fill: RGB, ring_rgb: RGB | None = None) -> Art:
    """A picture on a filled disc with an optional rim."""
    art = paint(blank(size, size), disc(size / 2), ring_rgb or fill)
    rim = max(3, size // 26) if ring_rgb else 0
    paint(art, disc(size / 2 - rim), fill, rim, rim)
    inner = round(size * 0.56) & ~1
    ink = readable(stage, fill)
    drawn = picture(stage, name, inner, ink, mix(fill, stage.colours.white, 0.55))
    return lay(art, drawn, (size - inner) // 2, (size - inner) // 2)


def tile(stage: Stage, name: str, size: int, fill: RGB, numeral: str = "") -> Art:
    """A picture on a filled rounded square; without a picture a numeral."""
    art = paint(blank(size, size), rounded(size, size, stage.radius(size * 0.17)), fill)
    if not name and numeral:
        font = stage.type.numeral(round(size * 0.56))
        figure = glyphs(numeral, font, readable(stage, fill))
        x, y = size / 2 - advance(numeral, font) / 2 + figure.dx, size / 2 + metrics(font)[0] / 2 + figure.dy
        return paint(art, figure.a, readable(stage, fill), round(x), round(y))
    inner = round(size * 0.56) & ~1
    drawn = picture(stage, name, inner, readable(stage, fill), mix(fill, stage.colours.white, 0.6))
    return lay(art, drawn, (size - inner) // 2, (size - inner) // 2)


def raised(art: Art, ink: RGB, blur: float = 16, opacity: float = 0.32, dx: int = 6, dy: int = 16) -> Sprite:
    """The picture with a soft shadow below-right, as one sprite; its corner stays where the picture's was."""
    mask: Plane = (art[..., 3] * 255).astype("uint8")
    soft, margin = shadow(mask, ink, blur, opacity)
    height, width = mask.shape
    both = blank(width + 2 * margin, height + 2 * margin + dy)
    paint(both, soft.a, ink, dx, dy)
    lay(both, art, margin, margin)
    made = sprite(both)
    made.dx -= margin
    made.dy -= margin
    return made


def panel(stage: Stage, width: int, height: int, radius: float, fill: RGB) -> Sprite:
    """A card with its shadow."""
    dark = stage.ground.dark
    art = card(width, height, stage.radius(radius), fill, stage.colours.white if dark else None)
    return raised(art, stage.colours.ink, 18, 0.42 if dark else 0.2)


def hero(stage: Stage, name: str, cx: float, cy: float, size: int = 460, disc_radius: int = 340) -> Draw:
    """One drawn object on a disc with a ring, alive for the whole scene; satellites from the scene's extras."""
    ground, colours = stage.ground, stage.colours
    base = mix(ground.bg, colours.brand, 0.42) if ground.dark else mix(ground.bg, colours.accent, 0.5)
    side = 2 * (disc_radius + 46)
    plane = paint(blank(side, side), disc(disc_radius, 2), base, 46, 46)
    stand = sprite(paint(plane, ring(disc_radius + 46, 3, 2), mix(ground.bg, ground.fg, 0.22)), trim=False)
    main = raised(picture(stage, name, size, ground.fg, ground.key), colours.ink, 20, 0.34, 8, 24)
    around = [raised(picture(stage, n, 128), colours.ink, 9, 0.3, 3, 9) for n in stage.scene.extras[:4]]
    spots = ((-0.86, -0.72), (1.05, -0.42), (-0.98, 0.62), (0.84, 0.84))

    def draw(canvas: Canvas, frame: float) -> None:
        t = expo(ramp(frame, 0, 22))
        if t < 1:
            xblit(canvas, stand, cx, cy, 0.6 + 0.4 * t, opacity=t)
        else:
            blit(canvas, stand, cx - side / 2, cy - side / 2)
        for i, small in enumerate(around):
            s = back(ramp(frame, 22 + 6 * i, 15), 1.4)
            x = cx + spots[i][0] * (disc_radius + 30) + bob(frame, 128, 0.3 * i) * 4
            y = cy + spots[i][1] * (disc_radius - 20) + bob(frame, 110, 0.2 + 0.3 * i) * 9
            xblit(canvas, small, x, y, s, bob(frame, 140, 0.25 * i) * 4)
        pop = ramp(frame, 8, 18)
        if pop < 1:
            xblit(canvas, main, cx, cy, back(pop, 1.0), pivot=(size / 2 - main.dx, size / 2 - main.dy))
        else:
            float_blit(canvas, main, cx - size / 2, cy - size / 2 + bob(frame - 26, 110) * 11)

    return draw


def blank_draw(canvas: Canvas, frame: float) -> None:
    """Draws nothing."""
