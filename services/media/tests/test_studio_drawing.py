"""Colours, sprites, text and strokes: what every frame is made of."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ytempire.media.studio.color import contrast, oklch, palette, parse_hex, to_hex, to_oklch
from ytempire.media.studio.errors import StudioError
from ytempire.media.studio.fonts import Font, advance, clean
from ytempire.media.studio.kit import KITS, Kit, kit_for
from ytempire.media.studio.shapes import disc, polyline, rounded, smooth
from ytempire.media.studio.sprite import Canvas, blit, flat, float_blit, sprite, xblit, yuv
from ytempire.media.studio.still import rgb
from ytempire.media.studio.stroke import Stroke, arc
from ytempire.media.studio.text import Counter, Type, fit, lay_out, marked, style

BRANDS = [("#c0392b", None), ("#27ae60", "#8e44ad"), ("#6c5ce7", "#00b894"), ("#e67e22", None), ("#0984e3", "#fdcb6e"),
          ("#d63384", None), ("#0f6e84", "#f28c28"), ("#5a55c8", "#f5a524")]  # fmt: skip


@pytest.mark.parametrize(("brand", "accent"), BRANDS)
def test_any_brand_colour_gives_readable_text_on_every_ground(brand, accent):
    made = palette(brand, accent)
    for ground, fg, mut, key in (("night", 12, 6, 6), ("paper", 12, 5, 4), ("brand", 6, 3.8, 3)):
        g = made.ground(ground)
        assert contrast(g.bg, g.fg) >= fg
        assert contrast(g.bg, g.mut) >= mut
        assert contrast(g.bg, g.key) >= key
    assert contrast(made.ink, made.accent) >= 7


def test_colours_survive_the_way_through_oklch_and_stay_in_gamut():
    for text in ("#0f6e84", "#ffffff", "#000000", "#ff0000"):
        assert to_hex(oklch(*to_oklch(parse_hex(text)))) == text
    assert all(0 <= c <= 1 for hue in range(0, 360, 30) for c in oklch(0.7, 0.4, hue))
    with pytest.raises(ValueError, match="#rrggbb"):
        parse_hex("teal")


def test_a_kit_is_found_by_name_or_by_seed():
    assert kit_for("dusk").name == "dusk"
    assert kit_for(None, "channel-1") == kit_for(None, "channel-1")
    assert len({kit_for(None, str(i)).name for i in range(40)}) == len(KITS)
    with pytest.raises(KeyError):
        kit_for("nothing")
    with pytest.raises(ValueError, match="rrggbb"):
        Kit(name="x", brand="blue")


def _expected(canvas, art, x, y):
    """The blend worked out in floating point on the RGB picture."""
    height, width = art.shape[:2]
    part = rgb(canvas).astype(np.float64)[y : y + height, x : x + width] / 255
    return part * (1 - art[..., 3:]) + art[..., :3]


@pytest.mark.parametrize("corner", [(100, 60), (101, 60), (100, 61), (101, 61)])
def test_a_blit_is_the_blend_of_premultiplied_colour(corner):
    rng = np.random.default_rng(1)
    alpha = np.repeat(np.repeat(rng.random((10, 12)), 8, 0), 8, 1).astype(np.float32)[..., None]
    art = np.concatenate((np.full((80, 96, 3), (0.8, 0.4, 0.2), np.float32) * alpha, alpha), 2)
    canvas = Canvas()
    canvas.fill((0.1, 0.3, 0.6))
    wanted = _expected(canvas, art, *corner)
    blit(canvas, sprite(art, trim=False), *corner)
    x, y = corner
    got = rgb(canvas)[y : y + 80, x : x + 96] / 255
    # Colour is at half the resolution, so the inside of the 8-pixel cells is what must agree.
    inside = np.zeros((80, 96), bool)
    for dy, dx in itertools.product(range(3, 5), range(3, 5)):
        inside[dy::8, dx::8] = True
    assert np.abs(got - wanted)[inside].mean() < 0.012


def test_a_wide_sheet_is_copied_as_it_would_be_blended():
    mask = np.full((121, 2100), 255, np.uint8)
    mask[:30] = np.linspace(0, 255, 30, dtype=np.uint8)[:, None]
    sheet = flat(mask, (0.9, 0.5, 0.1), trim=False)
    one, two = Canvas(), Canvas()
    for canvas in (one, two):
        canvas.fill((0.1, 0.1, 0.3))
    blit(one, sheet, -90, 701)
    for left in (0, 960):
        blit(two, flat(np.ascontiguousarray(mask[:, 90 + left : 1050 + left]), (0.9, 0.5, 0.1), trim=False), left, 701)
    assert np.abs(one.y.astype(int) - two.y.astype(int)).max() <= 1
    assert np.abs(one.u.astype(int) - two.u.astype(int)).max() <= 2


def test_clips_and_opacity_and_drawing_off_the_frame():
    canvas = Canvas()
    canvas.fill((0, 0, 0))
    white = flat(np.full((100, 100), 255, np.uint8), (1, 1, 1), trim=False)
    blit(canvas, white, 200, 200, clip=(200, 200, 250, 300))
    assert canvas.y[250, 249] == 235
    assert canvas.y[250, 250] == 16
    blit(canvas, white, 400, 400, opacity=0.5)
    assert abs(int(canvas.y[450, 450]) - 125) <= 2
    before = canvas.buffer.copy()
    for x, y in ((-500, 10), (1920, 10), (10, 1080), (10, -101)):
        blit(canvas, white, x, y)
        float_blit(canvas, white, x, y + 0.4)
        xblit(canvas, white, x - 90, y - 90, 0.7, 20)
    assert np.array_equal(before, canvas.buffer)
    blit(canvas, white, -50, -50)
    assert canvas.y[0, 0] == 235


def test_a_slow_bob_moves_by_less_than_a_pixel():
    ball = flat(disc(40), (1, 1, 1), trim=False)
    heights = []
    for step in range(11):
        canvas = Canvas()
        canvas.fill((0, 0, 0))
        float_blit(canvas, ball, 300, 300 + step / 10)
        weight = canvas.y.astype(float) - 16
        heights.append((weight.sum(1) @ np.arange(1080)) / weight.sum())
    steps = np.diff(heights)
    assert steps.min() > 0.07
    assert steps.max() < 0.13


def test_a_turned_sprite_keeps_its_weight_and_middle():
    bar = flat(rounded(160, 40, 10), (1, 1, 1), trim=False)
    canvas = Canvas()
    canvas.fill((0, 0, 0))
    xblit(canvas, bar, 600, 400, 1.0, 90)
    weight = canvas.y.astype(float) - 16
    assert abs(weight.sum() / (219 * (rounded(160, 40, 10).sum() / 255)) - 1) < 0.02
    assert abs((weight.sum(0) @ np.arange(1920)) / weight.sum() - 599.5) < 1
    assert np.flatnonzero(weight.max(1) > 100).size > 150


def test_white_and_black_are_limited_range():
    assert [round(c) for c in yuv((1, 1, 1))] == [235, 128, 128]
    assert [round(c) for c in yuv((0, 0, 0))] == [16, 128, 128]
    assert [round(c) for c in yuv((1, 0, 0))] == [63, 102, 240]


def test_a_stroke_grows_along_its_path():
    stroke = Stroke(arc(900, 500, 200, 0, 270), 20, (1, 1, 1))
    inked = []
    for t in (0.0, 0.25, 0.5, 0.75, 1.0):
        canvas = Canvas()
        canvas.fill((0, 0, 0))
        stroke.draw(canvas, t)
        inked.append(int((canvas.y > 120).sum()))
    assert inked[0] == 0
    assert all(a < b for a, b in itertools.pairwise(inked))
    x, y = stroke.head(1.0)
    assert math.dist((x, y), (700, 500)) < 2


def test_a_chart_curve_never_overshoots():
    curve = smooth([0, 1, 2, 3, 4], [0, 0, 10, 10, 3], 200)
    assert curve[:, 1].min() >= -1e-9
    assert curve[:, 1].max() <= 10 + 1e-9
    assert polyline(40, 40, [(5, 5), (35, 35)], 4).max() == 255


def _how(kit="harbor", size=100):
    chosen = KITS[kit]
    return style(chosen, Type(chosen).display(size), chosen.colours.night)


def test_lines_are_balanced_and_stay_within_the_width():
    block = lay_out("A steel box made *the world* smaller than it had ever been before", _how(), 900)
    ends = [max(w.x + w.width for w in block.words if w.line == i) for i in range(block.lines)]
    assert max(ends) <= 900
    assert min(ends) > 0.45 * max(ends)
    assert [w.text for w in block.words if w.rgb == KITS["harbor"].colours.night.key] == ["the", "world"]


def test_text_takes_the_largest_size_that_fits():
    short = fit("Two words", _how(), (140, 100, 60), 900, 2)
    long = fit("A good many more words than would ever fit at the largest of the sizes", _how(), (140, 100, 60), 900, 3)
    assert short.words[0].font.size == 140
    assert long.words[0].font.size == 60
    assert long.lines <= 3


def test_emphasis_marks_and_the_punctuation_after_them():
    assert marked("a *b c*, d") == [("a", False), ("b", True), ("c,", True), ("d", False)]
    assert marked("plain") == [("plain", False)]


def test_letters_of_many_languages_are_drawn_and_strange_ones_are_named():
    assert clean("Łódź, São Paulo, naïve, “quoted” 16 €") == "Łódź, São Paulo, naïve, “quoted” 16 €"
    assert clean("rocket 🚀 gone") == "rocket  gone"
    assert advance("Łódź", Font("fraunces", 80)) > 80
    with pytest.raises(StudioError, match="CJK UNIFIED IDEOGRAPH"):
        clean("日本")


def test_counting_digits_do_not_move():
    counter = Counter(Type(KITS["harbor"]).numeral(200), (1, 1, 1))
    assert counter.width(1111) == counter.width(8888)
    assert counter.text(24000) == "24,000"
