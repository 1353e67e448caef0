"""Caption tracks, without a voice."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ytempire.media.domain.narration import Narration, TimedLine, TimedWord
from ytempire.media.domain.script import Line, Script
from ytempire.media.voice.captions import MAX_LINE_CHARS, cues, to_srt, to_vtt

LONG = (
    "He waited for hours while dock workers carried his cotton, bale by bale, into the hold of a ship that was bound "
    "for Istanbul, and then he had the idea that changed the price of everything."
)


def script(*texts: str) -> Script:
    lines = tuple(Line(index=i, text=t, spoken=t, kind="fact", chapter=-1) for i, t in enumerate(texts))
    return Script(title="T", kind="history", chapters=(), lines=lines, words=1, target_words=1)


def narration(written: Script, word_s: float = 0.35, gap_s: float = 0.45) -> Narration:
    words: list[TimedWord] = []
    lines: list[TimedLine] = []
    now = 0.6
    for line in written.lines:
        start = now
        for word in line.text.split():
            words.append(TimedWord(text=word, line=line.index, start_s=now, end_s=now + word_s))
            now += word_s
        lines.append(TimedLine(line=line.index, start_s=start, end_s=now))
        now += gap_s
    return Narration(
        wav="none.wav", sample_rate=48_000, duration_s=now + 1, lines=tuple(lines), words=tuple(words), voice="v"
    )


def test_cues_are_short_and_hold_every_word() -> None:
    written = script("A short one.", LONG, "The end of it.")
    made = cues(narration(written), written)
    assert " ".join(" ".join(c.lines) for c in made).split() == " ".join(x.text for x in written.lines).split()
    for cue in made:
        assert 1 <= len(cue.lines) <= 2
        assert all(len(text) <= MAX_LINE_CHARS for text in cue.lines)
        assert 1.0 <= cue.end_s - cue.start_s <= 6.0
    assert all(a.end_s < b.start_s for a, b in pairwise(made))


def test_a_long_sentence_breaks_after_a_clause() -> None:
    written = script(
        "With the new containers, the price of moving it fell to sixteen cents, and that was the end of it."
    )
    made = cues(narration(written), written)
    assert " ".join(made[0].lines).endswith(",")


def test_srt_and_vtt_are_well_formed() -> None:
    written = script("Salt & pepper < 3.", "It cost $5.86.")
    srt, vtt = to_srt(narration(written), written), to_vtt(narration(written), written)
    assert srt.startswith("1\n00:00:00,600 --> 00:00:0")
    assert re.search(r"\n\n2\n00:00:0\d,\d{3} --> ", srt)
    assert vtt.startswith("WEBVTT\n\n00:00:00.600 --> ")
    assert "Salt &amp; pepper &lt; 3." in vtt
    assert "Salt & pepper < 3." in srt


def test_a_narration_of_another_script_is_refused() -> None:
    written = script("One.", "Two.")
    with pytest.raises(ValueError, match="the narration has 2 lines, the script 1"):
        cues(narration(written), script("One."))


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.text("abcdefgh", min_size=1, max_size=14), min_size=1, max_size=30), min_size=1, max_size=4)
)
def test_no_text_breaks_the_limits(sentences: list[list[str]]) -> None:
    written = script(*(" ".join(s) + "." for s in sentences))
    for cue in cues(narration(written), written):
        assert len(cue.lines) <= 2
        assert all(len(text) <= MAX_LINE_CHARS for text in cue.lines)
        assert 0 < cue.end_s - cue.start_s <= 6.0
