"""The faithfulness check catches damage: every script line is damaged in several ways and has to be found."""

import re
from collections import Counter
from collections.abc import Iterator
from importlib import resources

import pytest

from ytempire.media.domain.script import Line, Script
from ytempire.media.writer.brief import Brief, read_brief
from ytempire.media.writer.check import Evidence, check, check_line
from ytempire.media.writer.spoken import spoken
from ytempire.media.writer.text import number_strings
from ytempire.media.writer.write import write

SHEETS = ("history.md", "space.md", "cybersecurity.md", "investing_stocks.md")
NEGATIONS = re.compile(r"\b(?:not|never|no longer|no|nobody) ", re.I)
HEDGES = re.compile(r"\b(?:about|nearly|almost|more than|less than|at least|an estimated|often) ", re.I)
INVENTED = (
    "Experts call this a scandal.",
    "It made him rich.",
    "Critics disagree to this day.",
    "Sales exploded overnight.",
)


def written(name: str) -> tuple[Script, Brief]:
    brief = read_brief((resources.files("ytempire.media.writer") / "factsheets" / name).read_bytes())
    return write(brief, 180), brief


def other_number(number: str) -> str:
    last = number[-1]
    return number[:-1] + str((int(last) + 3) % 10)


def damages(script: Script, line: Line, brief: Brief) -> Iterator[tuple[str, str]]:
    """Kind of damage and the damaged text."""
    own = set(number_strings(line.text + " ".join(script.facts[f] for f in line.facts)))
    for number in number_strings(line.text):
        if not re.search(rf"\b{re.escape(other_number(number))}\b", " ".join(script.facts[f] for f in line.facts)):
            yield "number", re.sub(rf"(?<!\d){re.escape(number)}(?!\d)", other_number(number), line.text, count=1)
        for foreign in [n for n in number_strings(brief.text) if n not in own][:1]:
            yield "foreign number", re.sub(rf"(?<!\d){re.escape(number)}(?!\d)", foreign, line.text, count=1)
    for name in re.findall(r"(?<=[a-z] )[A-Z][a-z]{3,}\b", line.text)[:1]:
        yield "name", line.text.replace(name, "Zanzibar", 1)
    if NEGATIONS.search(line.text):
        yield "negation", NEGATIONS.sub("", line.text, count=1)
    if HEDGES.search(line.text):
        yield "hedge", HEDGES.sub("", line.text, count=1)
    for position in [m.end() for m in re.finditer(r"\b(?:the|a|an|The|A|An) ", line.text)][:1]:
        yield "adjective", line.text[:position] + "shocking " + line.text[position:]
    yield "sentence", f"{line.text} {INVENTED[line.index % len(INVENTED)]}"


def test_damage_is_found() -> None:
    made: Counter[str] = Counter()
    missed: list[tuple[str, str]] = []
    for name in SHEETS:
        script, brief = written(name)
        assert check(script, brief) == []
        known = Evidence(brief)
        for line in script.lines:
            if line.kind != "fact":
                continue
            for kind, text in damages(script, line, brief):
                made[kind] += 1
                damaged = line.model_copy(update={"text": text, "spoken": spoken(text)})
                if not check_line(damaged, known, script):
                    missed.append((kind, text))
    assert min(made.values()) >= 8
    assert len(missed) <= 0.02 * sum(made.values()), missed


def test_a_line_bound_to_a_fact_that_does_not_exist() -> None:
    script, brief = written("space.md")
    line = script.lines[3].model_copy(update={"facts": ("f999",)})
    broken = script.model_copy(update={"lines": (*script.lines[:3], line, *script.lines[4:])})
    assert [f.rule for f in check(broken, brief)] == ["fact"]


def test_a_spoken_form_that_says_something_else() -> None:
    script, brief = written("space.md")
    line = script.lines[0].model_copy(update={"spoken": "Buy our soap."})
    broken = script.model_copy(update={"lines": (line, *script.lines[1:])})
    assert "spoken" in [f.rule for f in check(broken, brief)]


@pytest.mark.parametrize(
    "formula", ["5.86 / 0.16 = 36.62 = about 37", "5.86 / 0.16 = 36.62 = about 73", "6 / 2 = 3 = 3"]
)
def test_computed_numbers_are_computed_again(formula: str) -> None:
    brief = read_brief(
        b"# How boxes changed trade\n\nLoading loose cargo by hand cost $5.86 per ton. Ships waited in port for days. "
        b"Loading boxes cost only $0.16 per ton. Cargo moved faster than ever before.\n"
    )
    script = write(brief, 60)
    ratio = next(x for x in script.lines if x.text == "That is about 37 times cheaper.")
    changed = ratio.model_copy(update={"formula": formula})
    lines = (*script.lines[: ratio.index], changed, *script.lines[ratio.index + 1 :])
    found = check(script.model_copy(update={"lines": lines}), brief)
    assert (found == []) == (formula == ratio.formula)
