"""Two to six quantities compared: every bar grows while its value counts."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.media.studio.color import RGB
from ytempire.media.studio.fonts import Font, metrics
from ytempire.media.studio.motion import back, bob, io3, out3, ramp
from ytempire.media.studio.parts import icon_or_none, readable
from ytempire.media.studio.shapes import solid
from ytempire.media.studio.sprite import Canvas, Sprite, blit, xblit
from ytempire.media.studio.stage import BOTTOM, LEFT, RIGHT, TOP, Draw, Stage, kicker, source_note, template
from ytempire.media.studio.storyboard import Item, Number
from ytempire.media.studio.text import Block, Counter, fit


@dataclass(frozen=True)
class _Row:
    item: Item
    label: Block
    bar: Sprite
    inside: Counter
    outside: Counter
    icon: Sprite | None
    y: float
    length: float
    start: float
    rgb: RGB


def _number(item: Item) -> Number:
    return item.number or Number(value=item.value or 0.0)


@template("bars")
def bars(stage: Stage) -> Draw:
    scene = stage.scene
    plate, title = stage.plate(), stage.title(scene.title)
    head = kicker(stage, LEFT + 2, TOP + 40)
    top = TOP + 78
    rows_top = top + title.height + 74
    rows = _rows(stage, rows_top, BOTTOM - 40)
    left = _bar_left(rows)
    ratio = _ratio(stage, rows, left)
    note = source_note(stage, LEFT + 2, BOTTOM + 4, 60)

    def draw(canvas: Canvas, frame: float) -> None:
        plate.draw(canvas, frame)
        head(canvas, frame)
        title.draw(canvas, frame, LEFT, top, 4)
        for row in rows:
            _draw_row(canvas, frame, row, left)
        if ratio:
            ratio(canvas, frame)
        note(canvas, frame)

    return draw


def _rows(stage: Stage, top: float, bottom: float) -> list[_Row]:
    scene = stage.scene
    items = scene.items[:6]
    pitch = min(236.0, (bottom - top) / max(1, len(items)))
    height = round(min(138, pitch * 0.64))
    peak = max((abs(_number(i).value) for i in items), default=1.0) or 1.0
    colours = stage.colours.series(stage.ground)
    best = max(range(len(items)), key=lambda i: _number(items[i]).value, default=0)
    size = round(min(44, max(30, height * 0.42)))
    labels = [fit(i.label, stage.style(stage.type.label(size), 1.1), (size, 38, 34, 30), 420, 2, height) for i in items]
    left = LEFT + (height + 16 if any(i.picture for i in items) else 0) + max((b.width for b in labels), default=0) + 36
    room = RIGHT - left
    rows = []
    for i, item in enumerate(items):
        rgb = stage.ground.key if i == best else colours[0] if len(items) < 4 else stage.colours.brand
        value = _number(item)
        font: Font = stage.type.label(round(min(60, height * 0.56)))
        length = max(height * 0.22, abs(value.value) / peak * room)
        rows.append(
            _Row(
                item, labels[i], solid(round(length), height, stage.radius(16), rgb),
                Counter(font, readable(stage, rgb), value.decimals, value.prefix, value.suffix),
                Counter(font, stage.ground.fg, value.decimals, value.prefix, value.suffix),
                icon_or_none(stage, item.picture, height), top + i * pitch, length,
                stage.start(i, 16, 26), rgb,
            )
        )  # fmt: skip
    return rows


def _bar_left(rows: list[_Row]) -> float:
    icons = any(r.icon for r in rows)
    side = rows[0].bar.height + 16 if rows and icons else 0
    return LEFT + side + max((r.label.width for r in rows), default=0) + 36


def _draw_row(canvas: Canvas, frame: float, row: _Row, left: float) -> None:
    height = row.bar.height
    middle = row.y + height / 2
    pop = ramp(frame, row.start - 8, 14)
    if row.icon:
        x = LEFT + height / 2
        xblit(canvas, row.icon, x, middle + bob(frame, 110, row.y / 300) * 4, back(pop, 1.4))
    text_x = LEFT + (height + 16 if row.icon else 0)
    row.label.draw(canvas, frame, text_x, middle - row.label.height / 2, row.start - 8, 1)
    t = io3(ramp(frame, row.start, 34))
    if t <= 0:
        return
    width = max(2.0, row.length * t)
    # The whole bar slides out from behind its baseline, so its cap stays round at every length.
    clip = (round(left) & ~1, 0, canvas.y.shape[1], canvas.y.shape[0])
    blit(canvas, row.bar, left + width - row.length, row.y, clip=clip)
    value = _number(row.item).value
    shown = value * t if t < 1 else value
    text = row.inside.width(value)
    base = middle + row.inside.cap / 2
    if row.length > text + 60:
        if width > text + 60:
            row.inside.draw(canvas, left + width - text - 30, base, shown, ramp(frame, row.start + 6, 8))
    else:
        row.outside.draw(canvas, left + width + 24, base, shown, ramp(frame, row.start + 2, 8))


def _ratio(stage: Stage, rows: list[_Row], left: float) -> Draw | None:
    """How many times: only when the script says it, in the space beside the shorter bar."""
    said = stage.scene.number
    if said is None or len(rows) != 2:
        return None
    short = min(rows, key=lambda r: r.length)
    x = left + short.length + (0 if short.length > 400 else short.outside.width(_number(short.item).value) + 24) + 90
    font = stage.type.condensed(240)
    counter = Counter(font, stage.ground.key, said.decimals, said.prefix, said.suffix)
    width = counter.width(said.value)
    room = RIGHT - x - width - 40
    if room < 240 or short is not rows[-1]:
        return None
    claim = fit(stage.scene.body, stage.style(stage.type.title(44), 1.16), (52, 44, 38), room, 3)
    top = short.y + (short.bar.height - metrics(font)[0]) / 2 + 26
    begin = max(60.0, min(stage.scene.frames * 0.5, short.start + 40))

    def draw(canvas: Canvas, frame: float) -> None:
        t = ramp(frame, begin, 26)
        if t > 0:
            value = said.value if t >= 1 else 1 + (said.value - 1) * out3(t)
            counter.draw(canvas, x, top + counter.cap, value, min(1.0, t * 3))
            claim.draw(canvas, frame, x + width + 40, top + (counter.cap - claim.height) / 2, begin + 12, 1)

    return draw
