"""A small film about the shipping container, for the gallery and the tests: a script, and made-up timings for it.

Figures: Marc Levinson, The Box (2006); UNCTAD, Review of Maritime Transport.
"""

from __future__ import annotations

from ytempire.media.domain.narration import Narration, TimedLine, TimedWord
from ytempire.media.domain.script import Chapter, Figure, Line, Script, Series

_LINES: tuple[tuple[str, str, int, dict[str, tuple[object, ...]]], ...] = (
    ("A plain steel box made the whole world smaller.", "hook", -1, {}),
    ("Here is how it beat dockers, ports and distance itself.", "promise", -1, {}),
    ("About 90% of everything you own came to you by sea.", "fact", -1, {"figures": (("90%", 90, "%", "percent"),)}),
    ("The price of muscle.", "bridge", 0, {}),
    (
        "In 1956, loading one ton of loose cargo by hand cost $5.86.",
        "fact",
        0,
        {"figures": (("1956", 1956, "", "year"), ("$5.86", 5.86, "USD", "money"))},
    ),
    (
        "In a container the same ton cost only 16 cents, 36 times less.",
        "fact",
        0,
        {"figures": (("16 cents", 0.16, "USD", "money"), ("36 times", 36, "", "ratio"))},
    ),
    (
        "A ship could spend a whole week in port, while more than a hundred dockers carried sacks, barrels and crates.",
        "fact",
        0,
        {"items": ("sacks", "barrels", "crates")},
    ),
    ("So who thought of putting the truck on the ship?", "vivid", 0, {}),
    ("The standard.", "bridge", 1, {}),
    (
        "Malcom McLean was a trucker from North Carolina who hated waiting.",
        "fact",
        1,
        {"people": ("Malcom McLean",), "places": ("North Carolina",)},
    ),
    ("“A ship earns money only when she is at sea,” he liked to say.", "fact", 1, {"people": ("Malcom McLean",)}),
    (
        "On 26 April 1956 his Ideal X left Newark with 58 boxes.",
        "fact",
        1,
        {"figures": (("1956", 1956, "", "year"), ("58 boxes", 58, "boxes", "count")), "places": ("Newark",)},
    ),
    (
        "In 1966 the first box ship crossed the Atlantic.",
        "fact",
        1,
        {"figures": (("1966", 1966, "", "year"),)},
    ),
    ("And in 1968 the world agreed on one size for all.", "fact", 1, {"figures": (("1968", 1968, "", "year"),)}),
    ("First a crane lifts the box, then a truck takes it, and finally a shop opens it.", "fact", 1, {}),
    ("The winners.", "bridge", 2, {}),
    (
        "The largest ships now carry 24,000 boxes with a crew of two dozen.",
        "fact",
        2,
        {"figures": (("24,000 boxes", 24000, "boxes", "count"),)},
    ),
    (
        "The old harbor cities lost their docks, but Shanghai, Singapore and Rotterdam grew into giants.",
        "fact",
        2,
        {"places": ("Shanghai", "Singapore", "Rotterdam"), "items": ("Shanghai", "Singapore", "Rotterdam")},
    ),
    ("Every night, while you sleep, millions of boxes cross the ocean in the dark.", "vivid", 2, {}),
    ("It was never about the ship.", "callback", 2, {}),
    ("Subscribe for the next story: the pallet.", "cta", 2, {}),
)
_SERIES = (
    Series(
        kind="bars",
        title="Loading one ton of cargo",
        lines=(4, 5),
        labels=("By hand", "In a container"),
        values=(5.86, 0.16),
        unit="USD",
    ),
    Series(
        kind="timeline",
        title="Twelve years to one size",
        lines=(11, 12, 13),
        labels=("Ideal X leaves Newark", "First box ship crosses the Atlantic", "One size for all"),
        values=(1956, 1966, 1968),
    ),
    Series(
        kind="process",
        title="One box, three stops",
        lines=(14,),
        labels=("A crane lifts the box", "A truck takes it", "A shop opens it"),
    ),
)


def script() -> Script:
    """The sample script."""
    lines = []
    for index, (text, kind, chapter, more) in enumerate(_LINES):
        extra = dict(more)
        extra["figures"] = tuple(
            Figure.model_validate(dict(zip(("text", "value", "unit", "role"), values, strict=True)))
            for values in more.get("figures", ())
            if isinstance(values, tuple)
        )
        lines.append(
            Line.model_validate(
                {"index": index, "text": text, "spoken": text, "kind": kind, "chapter": chapter, **extra}
            )
        )
    titles = ("The price of muscle", "The standard", "The winners")
    return Script(
        title="How the Box Won",
        kind="history",
        chapters=tuple(Chapter(index=i, title=t) for i, t in enumerate(titles)),
        lines=tuple(lines),
        series=_SERIES,
        sources=("Marc Levinson, The Box (2006)",),
        words=sum(len(line.text.split()) for line in lines),
        target_words=210,
    )


def narrate(written: Script, pace: float = 1.0) -> Narration:
    """Made-up timings for a script at an even pace; ``pace`` 2 speaks twice as fast. No sound belongs to it."""
    now = 0.25
    words: list[TimedWord] = []
    lines: list[TimedLine] = []
    for line in written.lines:
        begin = now
        for word in line.text.split():
            length = (0.11 + 0.047 * len(word)) / pace
            words.append(TimedWord(text=word, line=line.index, start_s=round(now, 3), end_s=round(now + length, 3)))
            now += length + (0.24 if word[-1] in ",.:;?" else 0.02) / pace
        lines.append(TimedLine(line=line.index, start_s=round(begin, 3), end_s=round(now, 3)))
        now += (1.2 if line.kind == "bridge" else 0.35) / pace
    return Narration(
        wav="", sample_rate=48000, duration_s=round(now + 2.0, 2), lines=tuple(lines), words=tuple(words), voice="none"
    )
