"""Words, stems and numbers of English text without a language model.

The faithfulness check is built on this module alone, so that it does not share the parser's mistakes.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ytempire.media.writer.numerals import NUMBER, ONES, TENS
from ytempire.media.writer.wordlist import listed

WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][a-z]+)?")
_NUMBER = re.compile(rf"(?<![\w.]){NUMBER}|(?<=[A-Za-z$£€¥-]){NUMBER}")
_VOWEL = re.compile(r"[aeiouy]")
_IRREGULAR = """
be am is are was were been being; have has had having; do does did done doing; go goes went gone; make made making;
say said; get got gotten getting; take took taken taking; see saw seen; come came coming; know knew known; give gave
given giving; find found; think thought; tell told; become became becoming; leave left leaving; feel felt; put putting;
bring brought; begin began begun beginning; keep kept; hold held; write wrote written writing; stand stood; hear heard;
let letting; mean meant; set setting; meet met; run ran running; pay paid; sit sat; speak spoke spoken; lie lay lain
lying; lead led; read; grow grew grown; lose lost losing; fall fell fallen; send sent; build built; understand
understood; draw drew drawn; break broke broken; spend spent; cut cutting; rise rose risen rising; drive drove driven
driving; buy bought; wear wore worn; choose chose chosen choosing; shoot shot; sell sold; catch caught; teach taught;
fly flew flown flies flying; throw threw thrown; win won winning; eat ate eaten; sleep slept; swim swam swum; sing sang
sung; sink sank sunk; shrink shrank shrunk; man men; woman women; child children; foot feet; tooth teeth; mouse mice;
person people; life lives; half halves; leaf leaves; knife knives; wife wives; self selves; good better best; bad worse
worst; blow blew blown; freeze froze frozen freezing; steal stole stolen; hide hid hidden; bite bit bitten; burn burnt;
learn learnt; show shown; fight fought; seek sought; shake shook shaken; strike struck; tear tore torn; wake woke woken;
analysis analyses; axis axes; datum data; medium media; die died dies dying; bind bound; wind wound; feed fed; bleed
bled; flee fled; lend lent; bend bent; dig dug; hang hung; spin spun; swing swung; stick stuck; hurt; cost; quit; split;
spread; beat beaten; forget forgot forgotten; forgive forgave; ride rode ridden; overtake overtook overtaken
""".replace("\n", " ")
IRREGULAR = {form: group.split()[0] for group in _IRREGULAR.split(";") for form in group.split()}
_COUNT_WORDS = {word: float(i) for i, word in enumerate(ONES)}
_COUNT_WORDS |= {word: float(10 * i) for i, word in enumerate(TENS) if word}
_COUNT_WORDS |= {"twice": 2.0, "dozen": 12.0, "half": 0.5, "quarter": 0.25, "third": 1 / 3, "hundred": 100.0}
_COUNT_WORDS |= {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
del _COUNT_WORDS["zero"]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A crude stem of a word: inflections of one word give one stem, nothing more is promised."""
    word = word.lower().replace("’", "'")
    word = word.removesuffix("'s").removesuffix("'")
    if word in IRREGULAR:
        return IRREGULAR[word].removesuffix("e")
    if len(word) <= 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes", "oes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ing", "ed"):
        base = word.removesuffix(suffix)
        if base != word and len(base) >= 3 and _VOWEL.search(base):
            doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lszf"
            word = base[:-1] if doubled else base
            break
    if word.endswith("i"):
        return word[:-1] + "y"
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def words(text: str) -> list[str]:
    """The words of a text in order, without numbers and punctuation."""
    return WORD.findall(text)


def number_strings(text: str) -> list[str]:
    """Numbers written in digits, as written and in order, ``2,292,387`` as one."""
    return [m[0] for m in _NUMBER.finditer(text)]


def number_values(text: str) -> set[float]:
    """Values of the numbers of a text, in digits or as words (``three``, ``half``); magnitudes are not multiplied."""
    values = {float(n.replace(",", "")) for n in number_strings(text)}
    for word in words(text.replace("-", " ")):
        value = _COUNT_WORDS.get(word.lower())
        if value is not None:
            values.add(value)
    return values


def years_in(text: str) -> set[int]:
    """Four-digit years, 1000 to 2099, that a text names."""
    return {int(n) for n in number_strings(text) if len(n) == 4 and n.isdigit() and 1000 <= int(n) < 2100}


STOP_WORDS = frozenset(
    listed(
        """a an the and or but if then than so as at by for from in into of off on onto out over to up with without
    within about after again against all almost also although always am among an any are aren't around be
    because been before being below between both can can't cannot could couldn't did didn't do does doesn't
    doing don't down during each either else enough ever every few further had hadn't has hasn't have haven't
    having he he's her here hers herself him himself his how i i'm it it's its itself just let's may me might
    more most much must my myself near nearly no nor not now often once one only other others our ours own per
    quite rather same she should since some still such that that's the their theirs them themselves there
    there's these they they're this those though through thus too toward towards under until us very was wasn't
    way we we're were weren't what when where whether which while who whom whose why will won't would wouldn't
    yet you you're your yours yourself"""
    )
)


def content_stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order, with repeats."""
    return [stem(w) for w in words(text) if w.lower().replace("’", "'") not in STOP_WORDS]
