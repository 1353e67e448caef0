"""One salient figure: it counts up as large as the frame allows, with the claim beside it."""

from __future__ import annotations

from ytempire.media.studio.abstract import figure
from ytempire.media.studio.fonts import advance, metrics
from ytempire.media.studio.motion import back, bob, expo, ramp
from ytempire.media.studio.parts import hero, picture, raised
from ytempire.media.studio.sprite import Canvas, Sprite, blit, xblit
from ytempire.media.studio.stage import BOTTOM, LEFT, RIGHT, TOP, Draw, Stage, kicker, source_note, template
from ytempire.media.studio.storyboard import Number
from ytempire.media.studio.text import Counter, fit, label


@template("number")
def number(stage: Stage) -> Draw:
    shown = stage.scene.number or Number(value=0)
    share = shown.suffix == "%" and 0 <= shown.value <= 100 and stage.scene.body.startswith("of ")
    return _share(stage, shown) if share else _count(stage, shown)


def _counter(stage: Stage, shown: Number, width: float, sizes: tuple[int, ...]) -> tuple[Counter, int, int]:
    """The counter, its size and its full width with the sign."""
    for size in sizes:
        font = stage.type.numeral(size) if size > 320 or stage.kit.type == "friendly" else stage.type.condensed(size)
        counter = Counter(font, stage.ground.fg, shown.decimals, shown.prefix)
        sign = advance(shown.suffix, stage.type.numeral(size // 2)) + size * 0.06 if shown.suffix else 0
        total = round(counter.width(shown.value) + sign)
        if total <= width:
            break
    return counter, size, total


def _numeral(stage: Stage, shown: Number, counter: Counter, size: int, x: float, base: float) -> Draw:
    sign = stage.type.numeral(size // 2)
    lift = 0 if shown.suffix.strip().isalpha() else counter.cap - metrics(sign)[0]
    end = min(50.0, stage.scene.frames * 0.45)

    def draw(canvas: Canvas, frame: float) -> None:
        t = expo(ramp(frame, 4, end - 4))
        counter.draw(canvas, x, base, shown.value * t if t < 1 else shown.value, ramp(frame, 2, 8))
        pop = ramp(frame, min(30, end), 10)
        after = x + counter.width(shown.value) + size * 0.06
        label(canvas, shown.suffix, sign, stage.ground.key, after - (1 - expo(pop)) * 30, base - lift, pop)

    return draw


def _share(stage: Stage, shown: Number) -> Draw:
    """A percentage: claim to the right, ten marks below of which the share is filled."""
    scene = stage.scene
    plate = stage.plate()
    above = fit(scene.title, stage.style(stage.type.title(52), 1.12), (56, 50, 44), RIGHT - LEFT, 1)
    drop = above.height + 44 if scene.title else 0
    head = kicker(stage, LEFT + 6, TOP + 56)
    counter, size, total = _counter(stage, shown, 1000, (400, 360, 300) if not drop else (340, 300, 260))
    top = TOP + 96 + drop
    base = top + counter.cap
    numeral = _numeral(stage, shown, counter, size, LEFT - 8, base)
    claim_x = LEFT + total + 90
    claim = fit(
        scene.body, stage.style(stage.type.title(68), 1.16), (76, 68, 60, 52, 46), RIGHT - claim_x, 5, counter.cap + 50
    )
    claim_y = top + max(0, (counter.cap - claim.height) // 2)
    full = raised(picture(stage, scene.picture, 128), stage.ground.bg, 4, 0.0)
    filled = round(shown.value / 10)
    row = (base + BOTTOM - 30) / 2
    note = source_note(stage, LEFT + 6, BOTTOM + 4, 80)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        head(canvas, frame)
        above.draw(canvas, frame, LEFT, TOP + 92, 2)
        numeral(canvas, frame)
        claim.draw(canvas, frame, claim_x, claim_y, 26)
        for i in range(10):
            _mark(canvas, frame, full, LEFT + 64 + i * (RIGHT - LEFT - 128) / 9, row, i, i < filled)
        note(canvas, frame)

    return draw


def _mark(canvas: Canvas, frame: float, mark: Sprite, x: float, y: float, i: int, filled: bool) -> None:
    t = ramp(frame, 34 + 3 * i, 15)
    opacity = 1.0 if filled else 0.25
    if 0 < t < 1:
        xblit(canvas, mark, x, y, back(t, 1.5), opacity=opacity)
    elif t >= 1:
        # Once they stand, the counted ones hop one after another.
        hop = -14 * max(0.0, bob(frame - 84, 60, -i * 0.06)) if filled and frame > 84 else 0.0
        blit(canvas, mark, x - mark.width / 2 - mark.dx, y - mark.height / 2 - mark.dy + hop, opacity)


def _count(stage: Stage, shown: Number) -> Draw:
    """Any other figure, read in order: the words before it, the figure, the words after it; a drawn object beside."""
    scene = stage.scene
    plate = stage.plate()
    has_picture = bool(scene.picture)
    width = 980 if has_picture else RIGHT - LEFT
    counter, size, _ = _counter(stage, shown, width, (400, 340, 290, 250, 210, 172))
    above = fit(scene.title, stage.style(stage.type.title(60), 1.14), (62, 56, 50, 44), width - 20, 3, 190)
    below = fit(scene.body, stage.style(stage.type.title(60), 1.16), (66, 58, 52, 46), width - 20, 4, 250)
    # A currency sign reaches above the figures.
    lead = above.height + 54 + (round(size * 0.08) if shown.prefix else 0) if scene.title else 0
    # A thousands comma hangs below the line; the words under it keep clear of it.
    gap = 62 + (round(size * 0.11) if abs(shown.value) >= 1000 else 0)
    tail = gap + below.height if scene.body else 0
    height = lead + counter.cap + tail
    top = TOP + 50 + max(20, (BOTTOM - TOP - 80 - height) // 2)
    head = kicker(stage, LEFT + 6, top - 44)
    base = top + lead + counter.cap
    numeral = _numeral(stage, shown, counter, size, LEFT - 6, base)
    drawn: Draw | None = None
    if has_picture:
        abstract = scene.picture.startswith("art:")
        drawn = figure(stage) if abstract else hero(stage, scene.picture, 1450, 480, 400, 290)
    note = source_note(stage, LEFT + 6, BOTTOM + 4, 60)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        if drawn:
            drawn(canvas, frame)
        head(canvas, frame)
        above.draw(canvas, frame, LEFT, top, 2)
        numeral(canvas, frame)
        below.draw(canvas, frame, LEFT, base + gap, 28)
        note(canvas, frame)

    return draw
