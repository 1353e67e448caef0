"""How much a piece is worth, and which pieces say the same."""

from __future__ import annotations

import math
import re
from collections import Counter

from ytempire.media.writer.nlp import parse
from ytempire.media.writer.pieces import Piece
from ytempire.media.writer.text import content_stems, number_strings, number_values, stem, years_in

_CUES = re.compile(
    r"\b(?:first|only|never|most|largest|biggest|smallest|because|reason|why|key|important|means|result|instead|surpris\w+|"
    r"discover\w*|invent\w*|changed?|record|doubled?|half|twice|problem|solution|worst|best|cost|costs)\b",
    re.I,
)

_CLOSE = 0.2
_EMPTY_VERBS = ("be", "have", "do", "make", "go", "get", "become", "work", "happen", "change")


class Similarity:
    """TF-IDF cosine over the pieces of one brief."""

    def __init__(self, texts: list[str]) -> None:
        counts = Counter(s for t in texts for s in set(content_stems(t)))
        total = max(1, len(texts))
        self._idf = {s: math.log((1 + total) / (1 + n)) + 1 for s, n in counts.items()}

    def vector(self, text: str) -> dict[str, float]:
        """The weighted stems of a text, of length one."""
        counts = Counter(content_stems(text))
        weighted = {s: n * self._idf.get(s, 1.0) for s, n in counts.items()}
        norm = math.sqrt(sum(w * w for w in weighted.values())) or 1.0
        return {s: w / norm for s, w in weighted.items()}

    @staticmethod
    def cosine(one: dict[str, float], other: dict[str, float]) -> float:
        """Cosine of two vectors of :meth:`vector`."""
        if len(one) > len(other):
            one, other = other, one
        return sum(weight * other[s] for s, weight in one.items() if s in other)


_OUTCOME = re.compile(
    r"\b(?:gained|won|lost|beat|ended|failed|saved|survived|closed|collapsed|succeeded|killed)\b", re.I
)
_CAUSE = re.compile(
    r"\b(?:comes? from|because|reasons?|causes?|caused|that is why|due to|makes?|therefore|turns? into)\b", re.I
)


def score(pieces: list[Piece], title: str, headings: list[str], *, steps: bool) -> None:
    """Set the score of every piece: closeness to title and heading, numbers, cue words, how much others build on it.

    ``steps``: whether steps are what the script is about.
    """
    similarity = Similarity([p.text for p in pieces])
    about = similarity.vector(title)
    why = bool(re.match(r"(?:why|how)\b", title, re.I))
    sections = [similarity.vector(h) for h in headings]
    counts = Counter(s for p in pieces for s in p.stems)
    seen: set[tuple[int, int]] = set()
    for piece in pieces:
        vector = similarity.vector(piece.text)
        value = 0.9 * similarity.cosine(vector, about) + 0.8 * similarity.cosine(vector, sections[piece.section])
        value += 0.25 * min(2, len(number_strings(piece.text)) - len(years_in(piece.text)))
        value += 0.2 * bool(years_in(piece.text)) + 0.3 * bool(_OUTCOME.search(piece.text))
        value += 0.15 * min(2, len(_CUES.findall(piece.text)))
        value += 0.12 * min(5, _hub(piece, pieces, counts))
        value += {"step": 2.0 if steps else 0.2, "row": 0.6, "intro": 0.3}.get(piece.role, 0.0)
        if (piece.section, piece.fact.item) not in seen:
            seen.add((piece.section, piece.fact.item))
            value += 0.3
        if why:
            value += 0.4 * bool(_CAUSE.search(piece.text)) + 0.5 * bool(_CAUSE.search(headings[piece.section]))
        value += 0.8 if piece.pinned else 0.0
        value -= 0.03 * max(0, piece.words - 18)
        piece.score = round(value, 6)


def title_kept(pieces: list[Piece], title: str, but: set[int]) -> int | None:
    """The piece that says what the title promises to happen: it has the title's verb and is closest to its words.

    ``but`` are the pieces the hook says. None for a title without a telling verb, or if nothing says it.
    """
    verbs = {stem(t.text) for t in parse(title) if t.pos_ == "VERB" and t.lemma_ not in _EMPTY_VERBS}
    similarity = Similarity([p.text for p in pieces])
    about = similarity.vector(title)
    ranked = [
        (similarity.cosine(similarity.vector(p.text), about), -p.index)
        for p in pieces
        if p.index not in but and verbs & p.stems
    ]
    best = max(ranked, default=(0.0, 0))
    return -best[1] if best[0] >= _CLOSE else None


def _hub(piece: Piece, pieces: list[Piece], counts: Counter[str]) -> int:
    """Later pieces that take up a rare word of this one: what the story is built on."""
    rare = {s for s in piece.stems if 2 <= counts[s] <= 5}
    return sum(1 for later in pieces[piece.index + 1 :] if rare & later.stems)


def redundant(pieces: list[Piece]) -> set[int]:
    """Indexes of pieces that say what a richer piece says too."""
    similarity = Similarity([p.text for p in pieces])
    vectors = [similarity.vector(p.text) for p in pieces]
    gone: set[int] = set()
    for i, one in enumerate(pieces):
        for j in range(i + 1, len(pieces)):
            other = pieces[j]
            if i in gone or j in gone or similarity.cosine(vectors[i], vectors[j]) <= 0.8:
                continue
            numbers_i, numbers_j = number_values(one.text), number_values(other.text)
            if years_in(one.text) != years_in(other.text):
                continue
            if numbers_j <= numbers_i:
                gone.add(j)
            elif numbers_i < numbers_j:
                gone.add(i)
    return gone
