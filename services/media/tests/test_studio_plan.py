"""From a script to a storyboard: variety, timing, and pictures that fit."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from ytempire.media.domain.narration import Narration, TimedLine, TimedWord
from ytempire.media.domain.script import Chapter, Figure, Line, Script, Series
from ytempire.media.studio.captions import caption_lines
from ytempire.media.studio.errors import StudioError
from ytempire.media.studio.figures import number
from ytempire.media.studio.fonts import Font
from ytempire.media.studio.kit import KITS
from ytempire.media.studio.pick import best, matches
from ytempire.media.studio.plan import plan
from ytempire.media.studio.sample import narrate, script
from ytempire.media.studio.stage import templates
from ytempire.media.studio.storyboard import Storyboard
from ytempire.media.studio.words import emphasise, headline
from ytempire.media.writer.job import WriteJob, run_write

KIT = KITS["harbor"]


@pytest.fixture(scope="module")
def board() -> Storyboard:
    written = script()
    return plan(written, narrate(written), KIT)


def test_the_scenes_cover_the_film_without_gaps(board):
    assert board.scenes[0].start == 0
    for a, b in itertools.pairwise(board.scenes):
        assert a.start + a.frames == b.start
    assert board.scenes[-1].start + board.scenes[-1].frames == board.frames
    heard = [i for s in board.scenes for i in s.lines]
    assert set(heard) == set(range(len(script().lines)))


def test_a_film_of_a_minute_and_a_half_is_varied(board):
    used = board.templates()
    assert len(used) >= 10
    assert max(n for t, n in used.items() if t != "chapter") <= 3
    names = [s.template for s in board.scenes]
    assert all(a != b for a, b in itertools.pairwise(names))
    assert len({s.cut.kind for s in board.scenes}) >= 4


def test_no_picture_is_shown_twice(board):
    shown = [p for s in board.scenes for p in (s.picture, *s.extras, *(i.picture for i in s.items)) if p]
    assert [p for p, n in Counter(shown).items() if n > 1] == []


def test_something_happens_every_few_seconds(board):
    for scene in board.scenes:
        events = sorted([0, scene.frames, *(i.at for i in scene.items if 0 < i.at < scene.frames)])
        gap = max(b - a for a, b in itertools.pairwise(events))
        assert gap <= 6.4 * 30, f"{scene.template} at {scene.start / 30:.1f} s"


def test_the_same_script_gives_the_same_storyboard_and_it_travels_as_json(board):
    written = script()
    assert plan(written, narrate(written), KIT) == board
    assert Storyboard.model_validate_json(board.model_dump_json()) == board
    assert all(s.template in templates() for s in board.scenes)


def test_a_comparison_that_two_lines_make_is_drawn_as_one():
    def fees(amount: str, value: float) -> dict[str, object]:
        return {"figures": (Figure(text=amount, value=value, unit="USD", role="money"),)}

    texts = ("After 20 years with a fee of 0.25%, it has grown to about $208,800.",
             "With a fee of 1%, it has grown to about $180,600.")  # fmt: skip
    lines = (
        _line(0, "Small fees become big money over time."),
        _line(1, texts[0], **fees("$208,800", 208800)),
        _line(2, texts[1], **fees("$180,600", 180600)),
    )
    scene = plan(_one(*lines), narrate(_one(*lines)), KIT).scenes[1]
    assert scene.template == "bars"
    assert [i.label for i in scene.items] == ["Fee of 0.25%", "Fee of 1%"]
    assert [i.value for i in scene.items] == [208800, 180600]


def test_a_term_is_defined():
    lines = (_line(0, "Every cup has it."), _line(1, "The golden foam on a fresh espresso is called crema."))
    scene = plan(_one(*lines), narrate(_one(*lines), 1.4), KIT).scenes[1]
    assert (scene.template, scene.title) == ("definition", "Crema")
    assert scene.body.replace("*", "") == "The golden foam on a fresh espresso"


def test_series_get_their_own_pictures(board):
    by_name = {s.template: s for s in board.scenes}
    bars, timeline = by_name["bars"], by_name["timeline"]
    assert [i.number.value for i in bars.items] == [5.86, 0.16]
    assert bars.number is not None
    assert bars.number.value == 36
    assert [i.label for i in timeline.items] == ["1956", "1966", "1968"]
    assert [i.at for i in timeline.items] == sorted(i.at for i in timeline.items)
    assert len(by_name["process"].items) == 3


def test_items_enter_when_they_are_named(board):
    written = script()
    narration = narrate(written)
    scene = next(s for s in board.scenes if s.template == "process")
    truck = next(w for w in narration.words if w.line == 14 and w.text == "truck")
    assert abs(scene.start + scene.items[1].at - truck.start_s * 30) < 30


def _one(*lines: Line, series: tuple[Series, ...] = (), chapters: tuple[Chapter, ...] = ()) -> Script:
    return Script(
        title="Testing", kind="explainer", chapters=chapters, lines=lines, series=series, words=9, target_words=9
    )


def _line(index: int, text: str, **more: object) -> Line:
    given = {"index": index, "text": text, "spoken": text, "kind": "hook" if index == 0 else "fact", "chapter": -1}
    return Line.model_validate({**given, **more})


def test_a_figure_is_read_in_the_order_of_its_sentence():
    figure = Figure(text="$5", value=5, unit="USD", role="money")
    lines = (
        _line(0, "Fees are small."),
        _line(1, "On the same sum a fee of 0.05% costs about $5 every year.", figures=(figure,)),
    )
    scene = plan(_one(*lines), narrate(_one(*lines), 1.5), KIT).scenes[1]
    assert scene.template == "number"
    assert scene.number is not None
    assert (scene.number.prefix, scene.number.value) == ("$", 5)
    assert scene.title.endswith("costs about")
    assert scene.body.replace("*", "") == "every year"


def test_a_rate_is_no_share():
    rate = Figure(text="4%", value=4, unit="%", role="percent")
    lines = (_line(0, "Money grows."), _line(1, "Take a sum that earns 4% a year.", figures=(rate,)))
    scene = plan(_one(*lines), narrate(_one(*lines)), KIT).scenes[1]
    assert scene.template == "number"


def test_a_long_process_is_told_step_by_step():
    texts = (
        "Step one: heat the machine for a quarter of an hour.",
        "Step two: weigh eighteen grams of fresh beans on a scale.",
        "Step three: grind them a little coarser than sugar.",
    )
    lines = (_line(0, "Here is how."), *(_line(i + 1, t) for i, t in enumerate(texts)))
    steps = Series(kind="process", title="Steps", lines=(1, 2, 3), labels=("Heat", "Weigh", "Grind"))
    written = _one(*lines, series=(steps,))
    scenes = plan(written, narrate(written, 0.6), KIT).scenes
    assert [s.template for s in scenes[1:]] == ["step"] * 3
    assert [s.number.value for s in scenes[1:] if s.number] == [1, 2, 3]


def test_chapters_open_with_a_card(board):
    cards = [s for s in board.scenes if s.template == "chapter"]
    assert [c.title for c in cards] == ["The price of muscle", "The standard", "The winners"]
    assert all(2 * 30 <= c.frames <= 5 * 30 for c in cards)


def test_what_does_not_fit_together_is_refused():
    written = script()
    stray = Narration(wav="", sample_rate=48000, duration_s=2, lines=(TimedLine(line=99, start_s=0, end_s=1),),
                      words=(TimedWord(text="x", line=99, start_s=0, end_s=1),), voice="none")  # fmt: skip
    with pytest.raises(StudioError, match="line 99"):
        plan(written, stray, KIT)
    empty = stray.model_copy(update={"lines": (), "words": ()})
    with pytest.raises(StudioError, match="nothing to draw"):
        plan(written, empty, KIT)
    foreign = _one(_line(0, "日本 is a word that the typefaces lack."))
    with pytest.raises(StudioError, match="CJK"):
        plan(foreign, narrate(foreign), KIT)


def test_numbers_are_shown_as_they_are_written():
    def shown(text: str, value: float, role: str, unit: str = "") -> tuple[str, float, int, str, str] | None:
        made = number(Figure(text=text, value=value, unit=unit, role=role))
        return (made[0].prefix, made[0].value, made[0].decimals, made[0].suffix, made[1]) if made else None

    assert shown("$5.86", 5.86, "money") == ("$", 5.86, 2, "", "")
    assert shown("36 times", 36, "ratio") == ("", 36, 0, "×", "")
    assert shown("24,000 boxes", 24000, "count") == ("", 24000, 0, "", "boxes")
    assert shown("$1.2 million", 1.2e6, "money") == ("$", 1.2, 1, "", "million")
    assert shown("12.5%", 12.5, "percent") == ("", 12.5, 1, "%", "")
    assert shown("25-30 seconds", 25, "range") is None
    assert shown("1956", 1956, "year") is None
    assert shown("twelve", 12, "count", "people") == ("", 12, 0, "", "people")


def test_headlines_are_whole_clauses():
    assert headline("And so it ends.") == "So it ends"
    assert headline("Who thought of that?") == "Who thought of that?"
    long = "Loading loose cargo onto a ship cost $5.86 per ton in 1956, because every sack had to be lifted by hand."
    assert headline(long) == "Loading loose cargo onto a ship cost $5.86 per ton in 1956"
    assert headline("It is small. The rain eats away at the rocks.") == "The rain eats away at the rocks"


def test_one_phrase_is_emphasised_and_never_all():
    assert emphasise("A steel box made the world smaller").count("*") == 2
    assert emphasise("It ends with about") == "It ends with about"
    assert emphasise("Loading cost $5.86 that year", ("$5.86",)) == "Loading cost *$5.86* that year"
    assert emphasise("Short one") == "Short one"
    assert emphasise("Voyager 1 left that bubble", ("1",)) == "Voyager 1 left that *bubble*"


def test_pictures_show_the_noun_and_are_not_reused():
    used: set[str] = set()
    assert best("Honeybees visit two million flowers", used) == "honeybee"
    assert best("A honeybee again", used) != "honeybee"
    assert matches("and so it goes") == []


def test_captions_keep_numbers_with_their_nouns():
    written = script()
    lines = caption_lines(narrate(written), Font("archivo", 46, 750))
    assert sum(len(line.words) for line in lines) == len(narrate(written).words)
    assert all(1 <= len(line.words) <= 9 for line in lines)
    assert all(a.end_s <= b.start_s + 1e-6 for a, b in itertools.pairwise(lines))
    assert not any(line.words[-1].text.lower() in ("the", "a", "of") for line in lines)


@pytest.mark.parametrize("name", ["fund-fees", "home-espresso", "salty-ocean"])
def test_a_minute_about_an_example_brief_shows_at_least_eight_templates(name):
    brief = Path(__file__).parents[3] / "examples" / "briefs" / f"{name}.md"
    written = Script.model_validate(run_write(WriteJob(brief=str(brief), target_seconds=60))["script"])
    drawn = {scene.template for scene in plan(written, narrate(written), KIT).scenes}
    assert len(drawn) >= 8, sorted(drawn)
