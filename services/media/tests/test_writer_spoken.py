"""The spoken form: a regression table, text the rules were not written for, and the invariant."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ytempire.media.writer.numerals import cardinal, decade, ordinal, roman, year
from ytempire.media.writer.spoken import ALLOWED, align, count_words, spoken

TABLE = [
    (row["context"], row["spoken"])
    for row in csv.DictReader((Path(__file__).parent / "data" / "spoken.csv").open(encoding="utf-8"))
]
UNSEEN = [
    ("Brew 18 g in 25-30 seconds at 9 bar.", "Brew eighteen grams in twenty-five to thirty seconds at nine bar."),
    ("A 401(k) holds REITs.", "A four oh one K holds Reits."),
    ("From 1939 to 1945 they met.", "From nineteen thirty-nine to nineteen forty-five they met."),
    ("The 2008-09 crisis.", "The two thousand eight to two thousand nine crisis."),
    ("In June 2022 it hit 9.1%.", "In June twenty twenty-two it hit nine point one percent."),
    ("A 3-2-1 rule.", "A three two one rule."),
    ("It flew 13,560 kilometers.", "It flew thirteen thousand five hundred sixty kilometers."),
    ("S&P 500 funds", "S and P five hundred funds"),
    ("Voyager 1 left at 17 km/s.", "Voyager one left at seventeen kilometers per second."),
    ("It fell to -40 °C (-40 °F).", "It fell to minus forty degrees Celsius, minus forty degrees Fahrenheit."),
    ("She won CHF 500.", "She won five hundred Swiss francs."),
    ("About 1,100 km/h.", "About one thousand one hundred kilometers per hour."),
    ("John Paul II came.", "John Paul the second came."),
    ("World War II ended.", "World War two ended."),
    ("The file is 1:1.", "The file is one to one."),
    ("In 1905, 1906 and 1907.", "In nineteen oh five, nineteen oh six and nineteen oh seven."),
    ("Its GPUs use WPA2.", "Its G P U's use W P A two."),
    ("A 10,000-year-old cave.", "A ten thousand-year-old cave."),
]


@pytest.mark.parametrize(("written", "said"), TABLE + UNSEEN)
def test_spoken_form(written: str, said: str) -> None:
    assert spoken(written) == said


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=120) | st.text(alphabet="0123456789 .,:$%/-–€mkKgVIX°²()'\"&#@a", max_size=40))
def test_only_signs_that_can_be_spoken(text: str) -> None:
    said = spoken(text)
    assert ALLOWED.fullmatch(said)
    assert spoken(said) is not None
    assert count_words(text) == len(said.split())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([w for pair in TABLE for w in pair[0].split()]), min_size=1, max_size=12))
def test_alignment_loses_no_word(parts: list[str]) -> None:
    text = " ".join(parts)
    pairs = align(text)
    assert [p.written for p in pairs] == text.split()
    assert [w for p in pairs for w in p.spoken] == spoken(text).split()


def test_alignment_binds_numbers_to_their_word() -> None:
    pairs = {p.written: p.spoken for p in align("In 1956, it cost $5.86 per ton.")}
    assert pairs["1956,"] == ("nineteen", "fifty-six,")
    assert pairs["$5.86"] == ("five", "dollars", "and", "eighty-six", "cents")
    assert pairs["ton."] == ("ton.",)


def test_numerals() -> None:
    assert cardinal(1_000_001) == "one million one"
    assert cardinal(-7) == "minus seven"
    assert [ordinal(n) for n in (1, 12, 20, 21, 100)] == [
        "first",
        "twelfth",
        "twentieth",
        "twenty-first",
        "one hundredth",
    ]
    assert [year(n) for n in (1066, 1900, 2000, 2008, 2024)] == [
        "ten sixty-six",
        "nineteen hundred",
        "two thousand",
        "two thousand eight",
        "twenty twenty-four",
    ]
    assert decade(1960) == "nineteen sixties"
    assert [roman(r) for r in ("XIV", "II", "MCMLVI", "IIX", "")] == [14, 2, 1956, 0, 0]
