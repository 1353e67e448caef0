"""Which niches suit a customer: the five best by a score whose every part is shown, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ytempire.events.values import NicheScore
from ytempire.onboarding.domain.niche import Catalogue, Niche, Wish
from ytempire.onboarding.domain.niche_score import Field, beside, interest_match, parts_of, points_of, profit, total

RECOMMENDED = 5


def recommend(catalogue: Catalogue, wish: Wish) -> tuple[NicheScore, ...]:
    """Five niches, the best first; each next one is the best of what is left, beside those before it.

    Equal scores come in the order of their ids, so the same wish has the same answer.
    """
    left = {niche_id: niche for niche_id, niche in catalogue.items() if niche.recommendable}
    field = Field(left.values())
    alone = {niche_id: parts_of(niche, wish, field) for niche_id, niche in left.items()}
    chosen: list[Niche] = []
    scores: list[NicheScore] = []
    while left and len(chosen) < RECOMMENDED:
        parts = {niche_id: beside(alone[niche_id], niche, chosen) for niche_id, niche in left.items()}
        best = min(left, key=lambda niche_id: (-total(parts[niche_id]), niche_id))
        scores.append(described(left[best], wish, parts[best]))
        chosen.append(left.pop(best))
    return tuple(scores)


def described(niche: Niche, wish: Wish, parts: Mapping[str, float]) -> NicheScore:
    """A niche with its score, what the score is made of, what a video is expected to bring, and the reason in words."""
    expected = profit(niche)
    return NicheScore(
        niche_id=niche.niche_id,
        name=niche.name,
        score=total(parts),
        parts=dict(parts),
        points=points_of(parts),
        reason=_reason(niche, wish, parts),
        rpm_low_usd=niche.rpm_low_usd,
        rpm_high_usd=niche.rpm_high_usd,
        profit_low_usd=round(expected.low, 2),
        profit_mid_usd=round(expected.mid, 2),
        profit_high_usd=round(expected.high, 2),
        confidence=niche.confidence,
    )


_STRONG = {
    "profit": "a video is expected to earn more than in most niches",
    "competition": "the field is open",
    "safety": "advertising rules are rarely a problem",
    "experience": "it suits your experience",
}
_WEAK = {
    "profit": "a video is expected to earn less than in most niches",
    "competition": "the field is crowded",
    "safety": "advertising rules need care",
    "experience": "it asks for more experience",
    "budget": "a video costs more than your budget has for it",
    "diversity": "it resembles a niche above it",
}


def _reason(niche: Niche, wish: Wish, parts: Mapping[str, float]) -> str:
    expected = profit(niche)
    sentence = (
        f"{_fit(niche, wish)}; advertising is estimated at {niche.rpm_low_usd:.2f} to {niche.rpm_high_usd:.2f} USD per"
        f" 1,000 engaged views ({niche.confidence} confidence), a video's first year at {expected.low:.0f} to"
        f" {expected.high:.0f} USD, {expected.mid:.0f} in the middle."
    )
    strong = [text for part, text in _STRONG.items() if parts[part] >= 0.75]
    weak = [text for part, text in _WEAK.items() if parts[part] <= 0.4]
    if strong:
        sentence += f" In favour: {_listed(strong)}."
    if weak:
        sentence += f" Against: {_listed(weak)}."
    return sentence


def _fit(niche: Niche, wish: Wish) -> str:
    matches = {interest: interest_match(niche, interest) for interest in wish.interests}
    direct = [interest for interest, match in matches.items() if match == 1]
    near = [interest for interest, match in matches.items() if 0 < match < 1]
    if direct:
        return f"Fits your interest in {_listed(direct)}"
    if near:
        # one word in common may mean something else: who reads it can tell
        return f"Shares a word with your interest in {_listed(near)}"
    return "Outside the interests you named"


def _listed(texts: Iterable[str]) -> str:
    *some, last = texts
    return f"{', '.join(some)} and {last}" if some else last
