"""Text for the screen: short headlines from spoken sentences, one emphasised phrase, keywords for pictures."""

from __future__ import annotations

import re
from functools import lru_cache

_FUNCTION_WORDS = """
a an the of in on at to by for from with without and or but nor so yet than then that this these those which
who whom whose its it their his her our your my they them he she we you i is are was were be been being am do
does did done has have had having will would can could may might must shall should not no as if about over
under into onto per up down out off through between among across against during before after until while when
where why how what there here just only very more most less least much many some any each every all both few
such own same too also even still once again ever never always often almost nearly around roughly like because
since though although whether either neither else instead one two three
"""
FUNCTION = frozenset(_FUNCTION_WORDS.split())
_LEAD = re.compile(
    r"^(?:and|but|so|then|now|yet|well|still|because|or|in fact|of course|today|while|when|although|though)\b,?\s+",
    re.I,
)
_CLAUSE = re.compile(r"\s*(?:[;:—–]|,)\s+")
_BREAKERS_WORDS = """
and but because which while when so or that who where until after before if since with for
"""
_BREAKERS = frozenset(_BREAKERS_WORDS.split())
_END = ".!;:,—– "


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers without punctuation."""
    return re.findall(r"[a-zà-öø-ÿ0-9]+(?:['’-][a-zà-öø-ÿ0-9]+)*", text.lower())


@lru_cache(maxsize=4096)
def lemma(word: str) -> str:
    """A rough singular: enough to find ``berry`` for ``berries``."""
    word = re.sub(r"['’]s$", "", word)
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def keywords(text: str) -> list[str]:
    """Content words in order, without repeats."""
    found = (lemma(t) for t in tokens(text) if t not in FUNCTION and not t[0].isdigit() and len(t) > 2)
    return list(dict.fromkeys(found))


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:] if text else text


def trim(text: str) -> str:
    """Without end punctuation and without words that cannot end a headline."""
    text = text.strip().strip(_END)
    words = text.split()
    while len(words) > 2 and words[-1].lower() in FUNCTION and words[-1].lower() not in ("one", "two", "three", "it"):
        words.pop()
    return " ".join(words).strip(_END)


def tidy(text: str) -> str:
    """Without punctuation around it."""
    return text.strip().strip(_END)


def lead_in(text: str) -> tuple[str, str]:
    """A short opening phrase (``In 1956``) and the rest; the first is empty when there is none."""
    found = re.match(
        r"^((?:In|On|By|At|Since|After|Before|During|From|Until|Today|For|With|Without)\b[^,]{2,40}),\s+(.{12,})$", text
    )
    return (found[1], found[2]) if found else ("", text)


def headline(text: str, limit: int = 13) -> str:
    """The sentence, or its weightiest clause, in at most about ``limit`` words."""
    asks = text.strip().endswith("?")
    text = re.sub(r"\s*\([^)]*\)", "", text.strip())
    text = re.sub(r"^step (?:\w+)[:,]\s+", "", text, flags=re.I)
    text = text.strip('"“” ')
    sentences = [s for s in re.split(r"(?<=[.!?])\s+(?=[A-Z“\"])", text) if s.strip()]
    if len(sentences) > 1:
        short = [s for s in sentences if 3 <= len(s.split()) <= limit] or sentences
        text = max(short, key=_weight)
        asks = text.endswith("?")
    shorter = _LEAD.sub("", text)
    if len(shorter.split()) >= 3:
        text = shorter
    if len(text.split()) > limit:
        text = _clause(text, limit)
    text = trim(text)
    return sentence_case(text) + ("?" if asks and not text.endswith("?") else "")


def _clause(text: str, limit: int) -> str:
    parts = [p for p in _CLAUSE.split(text) if p.strip()]
    joined: list[str] = []
    for i in range(len(parts)):
        for j in range(i + 1, len(parts) + 1):
            run = ", ".join(parts[i:j])
            first = tokens(run)[:1]
            # A run that starts with a relative or joining word is no sentence of its own.
            if 4 <= len(run.split()) <= limit and first and first[0] not in _BREAKERS:
                joined.append(run)
    if joined:
        return max(joined, key=lambda r: (_weight(r) - 3.5 * r.count(", "), -text.index(r.split(", ")[0])))
    words = text.split()
    for i in range(min(len(words) - 1, limit + 3), 4, -1):
        if words[i].lower().strip(_END) in _BREAKERS or words[i - 1][-1:] in ",;:":
            return " ".join(words[:i])
    return text if len(words) <= limit + 6 else " ".join(words[: limit + 3])


def _weight(text: str) -> float:
    content = len(keywords(text))
    digits = len(re.findall(r"\d", text))
    return float(content + 2.0 * digits**0.5 + 0.2 * len(text.split()))


def emphasise(text: str, prefer: tuple[str, ...] = ()) -> str:
    """Marks one phrase: the preferred one that occurs, else the last content words."""
    if (
        "*" in text
        or not text
        or text.split()[-1].lower() in ("about", "around", "nearly", "almost", "than", "to", "only")
    ):
        return text
    for phrase in prefer:
        if len(phrase.strip()) == 1:
            # a lone italic figure reads as a stroke: "Voyager 1" would end in a slash
            continue
        at = text.lower().find(phrase.lower().strip())
        share = len(phrase.split()) / max(1, len(text.split()))
        if phrase.strip() and at >= 0 and share <= 0.6 and _whole(text, at, at + len(phrase.strip())):
            end = at + len(phrase.strip())
            return f"{text[:at]}*{text[at:end]}*{text[end:]}"
    words = text.split()
    if len(words) < 3:
        return text
    start = len(words) - 1
    while start > 1 and len(words) - start < 3:
        before = words[start - 1]
        joined = " ".join(words[start - 1 :])
        if before.lower() in FUNCTION or before[-1:] in ",;:" or len(joined) > 17:
            break
        start -= 1
    if start > 1 and words[start - 1].lower() in ("the", "a", "its", "her", "his", "their", "not", "no", "one"):
        start -= 1
    tail = " ".join(words[start:])
    return f"{' '.join(words[:start])} *{tail.rstrip('?.!')}*{tail[len(tail.rstrip('?.!')) :]}"


def _whole(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not before.isalnum() and not after.isalnum()


def plural_clash(text: str) -> bool:
    """Whether a cut-off beginning ends in a verb that leaves it hanging."""
    return bool(re.search(r"\b(has|have|had|made|makes|make|lost|but|and|or|than|as)$", text.lower()))
