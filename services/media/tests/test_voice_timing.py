"""Words and their times, without a voice: pairing of written, spoken and heard."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.media.voice.speech import Phoneme
from ytempire.media.voice.spoken_timing import Span, spoken_words, time_by_audio, time_by_phonemes
from ytempire.media.voice.written_timing import time_written, written_words


def phonemes(text: str, seconds: float = 0.05) -> list[Phoneme]:
    return [Phoneme(phoneme=c, seconds=seconds) for c in f"^{text}$"]


def pairing(text: str, spoken: str) -> dict[str, str]:
    """Return which spoken words each written word took, told by giving each spoken word one second."""
    heard = spoken_words(spoken)
    spans = [Span(float(i), float(i + 1)) for i in range(len(heard))]
    timed = time_written(text, spoken, spans, Span(0.0, float(len(heard))))
    return {
        word: " ".join(heard[round(span.start_s) : round(span.end_s)])
        for word, span in zip(written_words(text), timed, strict=True)
    }


@pytest.mark.parametrize(
    ("text", "spoken", "word", "said"),
    [
        (
            "It cost $5.86.",
            "It cost five dollars and eighty-six cents.",
            "$5.86.",
            "five dollars and eighty six cents.",
        ),
        ("On April 26, 1956, it left.", "On April twenty-sixth, nineteen fifty-six, it left.", "26,", "twenty sixth,"),
        (
            "On April 26, 1956, it left.",
            "On April twenty-sixth, nineteen fifty-six, it left.",
            "1956,",
            "nineteen fifty six,",
        ),
        ("About 90% of it.", "About ninety percent of it.", "90%", "ninety percent"),
        ("In 1960; by 1981 gone.", "In nineteen sixty, by nineteen eighty-one gone.", "1960;", "nineteen sixty,"),
        ("Only 5.6 kg left.", "Only five point six kilograms left.", "kg", "kilograms"),
        ("At 10–20 km/h today.", "At ten to twenty kilometers per hour today.", "km/h", "kilometers per hour"),
        ("GDP of the U.S. fell.", "G D P of the U S fell.", "U.S.", "U S"),
        ("In the 1990s, all.", "In the nineteen nineties, all.", "1990s,", "nineteen nineties,"),
        ("Tea & milk.", "Tea and milk.", "&", "and"),
        ("World War II began.", "World War Two began.", "II", "Two"),
        ("It is 16 cents — and gone.", "It is sixteen cents, and gone.", "—", ""),
    ],
)
def test_a_written_word_gets_the_words_that_say_it(text: str, spoken: str, word: str, said: str) -> None:
    assert pairing(text, spoken)[word] == said


def test_words_follow_the_phonemes() -> None:
    spans = time_by_phonemes(["price", "of", "tea"], phonemes("pɹaɪs ʌv tiː"))
    assert spans is not None
    assert spans[0].start_s == pytest.approx(0.05)
    assert spans[-1].end_s == pytest.approx(0.05 * 13)
    # The space between two words of one flow is shared by both.
    assert spans[0].end_s == spans[1].start_s == pytest.approx(0.05 * 6.5)


def test_words_that_the_voice_runs_together_are_told_apart() -> None:
    spans = time_by_phonemes(["that", "was", "the", "end"], phonemes("ðæt wʌzðɪ ɛnd"))
    assert spans is not None
    assert [round(s.start_s, 3) for s in spans] == pytest.approx([0.05, 0.225, 0.4, 0.525], abs=0.03)


def test_a_pause_at_a_comma_belongs_to_no_word() -> None:
    sounds = [*phonemes("kɑː")[:-1], Phoneme(phoneme=",", seconds=0.4), Phoneme(phoneme=" ", seconds=0.1)]
    spans = time_by_phonemes(["car", "bus"], [*sounds, *phonemes("bʌs")[1:]])
    assert spans is not None
    assert spans[1].start_s - spans[0].end_s == pytest.approx(0.5)


def test_no_phonemes_give_no_times() -> None:
    assert time_by_phonemes(["a"], []) is None
    assert time_by_phonemes([], phonemes("a")) is None


def test_without_phonemes_the_audio_deals_out_the_words() -> None:
    rate = 8000
    tone = np.sin(np.arange(rate) * 0.3).astype(np.float32)
    samples = np.concatenate((tone, np.zeros(rate // 2, np.float32), tone))
    spans = time_by_audio(["banana", "banana"], samples, rate)
    assert spans[0].start_s == pytest.approx(0.0, abs=0.03)
    assert spans[0].end_s == pytest.approx(1.0, abs=0.05)
    assert spans[1].start_s == pytest.approx(1.5, abs=0.05)


words = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Z", "C"]), min_size=1, max_size=8)


@given(
    written=st.lists(words, min_size=1, max_size=8),
    spoken=st.lists(st.sampled_from(["ten", "of", "it", "cats"]), min_size=1, max_size=10),
)
def test_any_text_is_timed_in_order_and_whole(written: list[str], spoken: list[str]) -> None:
    spans = [Span(i * 0.3, i * 0.3 + 0.25) for i in range(len(spoken))]
    text = " ".join(written)
    timed = time_written(text, " ".join(spoken), spans, Span(0.0, 3.0))
    assert len(timed) == len(written_words(text))
    assert all(a.start_s <= a.end_s for a in timed)
    assert all(a.end_s <= b.start_s + 1e-9 for a, b in pairwise(timed))


@given(heard=st.text(alphabet="abdɛɪʌtkszmnlɹ ,ˈː", max_size=40), said=st.lists(words, min_size=1, max_size=8))
def test_any_phonemes_give_one_span_a_word_or_none(heard: str, said: list[str]) -> None:
    spans = time_by_phonemes(said, phonemes(heard))
    if spans is not None:
        assert len(spans) == len(said)
        assert all(0 <= s.start_s <= s.end_s <= 0.05 * (len(heard) + 2) + 1e-9 for s in spans)
        assert all(a.end_s <= b.start_s + 1e-9 for a, b in pairwise(spans))
