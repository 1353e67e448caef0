"""The score: parts and sum between 0 and 1, the same for the same wish, best first."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ytempire.events.values import NicheScore
from ytempire.onboarding.adapters.niche_data import load_catalogue
from ytempire.onboarding.domain.niches import (
    ALIASES,
    CASH_COST_USD,
    EXPERIENCE,
    WEIGHTS,
    Wish,
    rate,
    recommend,
    total,
)

CATALOGUE = load_catalogue()
KEYWORDS = sorted({word for niche in CATALOGUE.values() for word in niche.keywords})

wishes = st.builds(
    Wish,
    st.lists(st.one_of(st.sampled_from(KEYWORDS), st.text(min_size=1, max_size=80)), min_size=1, max_size=20).map(
        tuple
    ),
    st.sampled_from(sorted(EXPERIENCE)),
    st.integers(0, 1_000_000),
)
parts = st.fixed_dictionaries({name: st.floats(0, 1) for name in WEIGHTS})


def ids(scores: tuple[NicheScore, ...]) -> list[str]:
    return [score.niche_id for score in scores]


def test_the_packaged_data_is_whole() -> None:
    assert len(CATALOGUE) == 83
    for niche in CATALOGUE.values():
        assert niche.keywords
        assert 0 < niche.rpm_low_usd <= niche.rpm_high_usd
        assert 1 <= niche.competition <= 5
        assert -2 <= niche.growth <= 2
        assert 0 <= niche.policy_risk <= 1
        assert niche.production_cost in CASH_COST_USD
        assert niche.confidence in {"low", "medium", "high"}
    assert all(niche_id in CATALOGUE for niche_ids in ALIASES.values() for niche_id in niche_ids)
    assert round(sum(WEIGHTS.values()), 9) == 1


@settings(max_examples=60, deadline=None)
@given(wishes)
def test_five_niches_are_recommended_with_parts_and_scores_between_0_and_1(wish: Wish) -> None:
    found = recommend(CATALOGUE, wish)
    assert len(found) == 5
    for score in found:
        assert set(score.parts) == set(WEIGHTS)
        assert all(0 <= part <= 1 for part in score.parts.values())
        assert 0 <= score.score <= 1
        assert score.score == total(score.parts)
        assert score.reason.endswith(".")
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)


@settings(max_examples=30, deadline=None)
@given(wishes, st.randoms())
def test_the_result_does_not_depend_on_the_order_of_the_data(wish: Wish, random: Random) -> None:
    shuffled = list(CATALOGUE.items())
    random.shuffle(shuffled)
    assert recommend(dict(shuffled), wish) == recommend(CATALOGUE, wish)


@given(parts, st.sampled_from(sorted(WEIGHTS)), st.floats(0, 1))
def test_a_better_part_never_lowers_the_score(known: dict[str, float], name: str, better: float) -> None:
    raised = known | {name: max(known[name], better)}
    assert total(raised) >= total(known)


@pytest.mark.parametrize("keyword", ["gardening", "chess openings", "python", "Stoicism", "kubernetes", "cold case"])
def test_risk_and_children_are_never_recommended(keyword: str) -> None:
    found = recommend(CATALOGUE, Wish((keyword, "kids", "memes"), "expert", 1000))
    assert not {"kids_content", "compilations"} & set(ids(found))


@pytest.mark.parametrize(
    ("interests", "first"),
    [
        (("gardening",), "gardening"),
        (("stoicism",), "philosophy_stoicism"),
        (("Python",), "programming"),
        (("maths",), "school_maths_science"),
        (("astronomy",), "space"),
        (("history", "ai tools", "investing"), "ai_tools"),
    ],
)
def test_an_interest_leads_to_its_niche(interests: tuple[str, ...], first: str) -> None:
    assert ids(recommend(CATALOGUE, Wish(interests, "intermediate", 100)))[0] == first


@pytest.mark.parametrize("category", sorted(ALIASES))
def test_the_broad_names_of_affiliate_categories_lead_to_their_niches(category: str) -> None:
    found = recommend(CATALOGUE, Wish((category,), "intermediate", 100))
    assert set(ids(found)) & set(ALIASES[category])
    assert sum(CATALOGUE[niche_id].parent == category for niche_id in ids(found)) >= 4


def test_more_budget_and_experience_never_make_production_harder() -> None:
    niche = CATALOGUE["animation_stories"]
    poor = rate(niche, Wish(("animation",), "beginner", 100)).parts["production"]
    able = rate(niche, Wish(("animation",), "expert", 100)).parts["production"]
    rich = rate(niche, Wish(("animation",), "expert", 2000)).parts["production"]
    assert poor < able < rich


def test_the_reason_says_what_speaks_for_and_against() -> None:
    reason = rate(CATALOGUE["investing_stocks"], Wish(("investing",), "intermediate", 100)).reason
    assert "your interest in investing" in reason
    assert "10.00 to 22.50 USD" in reason
    assert "crowded" in reason
