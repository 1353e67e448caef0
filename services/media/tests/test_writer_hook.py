"""A language model's hook is taken only if the brief holds what it says."""

from importlib import resources

import pytest

from ytempire.media.domain.script import Script
from ytempire.media.writer.brief import Brief, read_brief
from ytempire.media.writer.check import check
from ytempire.media.writer.describe import describe, video_title
from ytempire.media.writer.hook import accept_hook, hook_request
from ytempire.media.writer.write import write


def written(name: str = "history.md", seconds: int = 90) -> tuple[Script, Brief]:
    brief = read_brief((resources.files("ytempire.media.writer") / "factsheets" / name).read_bytes())
    return write(brief, seconds), brief


def test_request_holds_facts_and_a_limit() -> None:
    script, brief = written()
    asked = hook_request(script, brief)
    assert asked["task"] == "rewrite_hook"
    assert asked["hook"] in " ".join(x.text for x in script.lines)
    assert len(asked["facts"]) >= 3
    assert asked["max_words"] >= 30


@pytest.mark.parametrize(
    "text",
    [
        "The outbreak of 1853 and 1854 killed 10,738 people in London alone.",
        "“What killed 10,738 people in London? Imagine a city where many drank from the same river.”",
        "In London, the outbreak of 1853 and 1854 alone killed 10,738 people. John Snow blamed the water.",
    ],
)
def test_faithful_hooks_are_taken(text: str) -> None:
    script, brief = written()
    answer = accept_hook(script, brief, text)
    assert answer.accepted, answer.reason
    assert not answer.script.offline
    hooks = [x for x in answer.script.lines if x.kind == "hook"]
    assert "10,738" in " ".join(x.text for x in hooks)
    assert [x.index for x in answer.script.lines] == list(range(len(answer.script.lines)))
    assert answer.script.words == sum(len(x.spoken.split()) for x in answer.script.lines)
    old = [x.text for x in script.lines if x.kind != "hook"]
    assert [x.text for x in answer.script.lines if x.kind != "hook"] == old
    body = [f for f in check(answer.script, brief) if answer.script.lines[f.line].kind != "hook"]
    assert body == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The outbreak killed 20,738 people in London.", "20738"),
        ("The outbreak killed 10,738 people in Paris.", "Paris"),
        ("A horrifying plague wiped out 10,738 people in London.", "horrifying"),
        ("London is doomed. " * 20, "at most"),
        ("", "no text"),
        ("The outbreak of 1866 alone killed 10,738 people in London.", "1866"),
    ],
)
def test_unfaithful_hooks_are_refused(text: str, reason: str) -> None:
    script, brief = written()
    answer = accept_hook(script, brief, text)
    assert not answer.accepted
    assert reason in answer.reason
    assert answer.script == script


@pytest.mark.parametrize("name", ["space.md", "investing_stocks.md", "cybersecurity.md"])
def test_a_hook_left_as_it_was_is_taken(name: str) -> None:
    script, brief = written(name)
    hooks = [x for x in script.lines if x.kind == "hook"]
    answer = accept_hook(script, brief, " ".join(x.text for x in hooks))
    assert answer.accepted, answer.reason
    assert answer.script.lines == script.lines


def test_a_computed_line_keeps_its_evidence() -> None:
    brief = read_brief(
        b"# How boxes changed trade\n\nLoading loose cargo by hand cost $5.86 per ton. Ships waited in port for days. "
        b"Loading boxes cost only $0.16 per ton. Cargo moved faster than ever before.\n"
    )
    script = write(brief, 60)
    hook = " ".join(x.text for x in script.lines if x.kind == "hook")
    assert "about 37 times" in hook
    answer = accept_hook(script, brief, hook)
    assert answer.accepted, answer.reason
    assert check(answer.script, brief) == []


def test_a_question_may_open() -> None:
    brief = read_brief(b"# Why is the sea salt?\n\nRivers carry salt to the sea. The sea is not getting saltier.\n")
    script = write(brief, 60)
    assert accept_hook(script, brief, "Why is the sea salt?").accepted


def test_series_follow_the_lines_they_show() -> None:
    script, brief = written("nature_wildlife.md", 120)
    hook = " ".join(x.text for x in script.lines if x.kind == "hook")
    answer = accept_hook(script, brief, hook + " Why?")
    assert answer.accepted, answer.reason
    for series, before in zip(answer.script.series, script.series, strict=False):
        assert [answer.script.lines[i].text for i in series.lines] == [script.lines[i].text for i in before.lines]


def test_description() -> None:
    script, brief = written()
    page = describe(script, brief)
    assert page.title == "How a terrible smell saved London"
    assert page.summary.endswith("Here is how a terrible smell saved London.")
    assert page.chapters[0].first_line == 0
    assert len(page.chapters) >= 3
    assert len(page.sources) == 3
    assert "great stink" in page.tags
    assert "john snow" in page.tags
    text = page.text(tuple(f"0:{i}0" for i in range(len(page.chapters))))
    assert "0:00 Start" in text
    assert "Halliday" in text
    assert "made by computer" in text


def test_disclaimer_reaches_the_description() -> None:
    script, brief = written("investing_stocks.md")
    assert "no advice to buy" in describe(script, brief).disclosures[0]
    assert not any("no advice" in x.text for x in script.lines)


@pytest.mark.parametrize(
    ("title", "shown"),
    [("a <b> c", "A b c"), ("  two\nlines ", "Two lines"), ("", "Untitled"), ("word " * 40, "word")],
)
def test_video_titles(title: str, shown: str) -> None:
    made = video_title(title)
    assert shown.lower() in made.lower()
    assert len(made) <= 100
    assert "<" not in made
