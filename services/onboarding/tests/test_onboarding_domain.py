"""Given what happened, when something is asked for, then this happens: the rules of accounts without any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.events import Event, Rejected
from ytempire.events.onboarding import (
    ChannelPreferencesRejected,
    ChannelPreferencesSaved,
    EmailVerified,
    NicheChoiceRejected,
    NichesChosen,
    NichesRecommended,
    NichesRejected,
    OnboardingCompleted,
    OnboardingStepCompleted,
    PlanRejected,
    PlanSelected,
    PreferencesRejected,
    PreferencesSaved,
    SignUpAccepted,
    UserCreated,
)
from ytempire.events.plans import Interval, on_offer
from ytempire.events.preferences import ChannelPreferences, VideoPreferences
from ytempire.eventstore import derived_id
from ytempire.onboarding.adapters.niche_data import load_catalogue
from ytempire.onboarding.domain import journey
from ytempire.onboarding.domain.access import ConfirmAddress
from ytempire.onboarding.domain.decisions import (
    ACCOUNT,
    ChooseNiches,
    Command,
    NoteEnd,
    NoteEntitlement,
    NoteStep,
    NoteSubscription,
    RecommendNiches,
    SaveChannelPreferences,
    SavePreferences,
    SelectPlan,
    UnknownAccountError,
)
from ytempire.onboarding.domain.events import JourneySubscriptionNoted
from ytempire.onboarding.domain.links import Link, Purpose
from ytempire.onboarding.domain.niche import Wish
from ytempire.onboarding.domain.preferences import Preferences

USER, OTHER, CHANNEL = derived_id("user", "1"), derived_id("user", "2"), derived_id("channel", "1")
CATALOGUE = load_catalogue()
ZONES = frozenset(available_timezones())
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DIGEST = "ab" * 32

SIGNED_UP: Sequence[Event] = (SignUpAccepted(user_id=USER),)
CONFIRM = ConfirmAddress(USER, Link(Purpose.VERIFICATION, USER, NOW + timedelta(hours=24), DIGEST), NOW)


def when(history: Sequence[Event], command: Command) -> list[Event]:
    return list(ACCOUNT.decide(ACCOUNT.fold(history), command))


def after(before: Sequence[Event], *commands: Command) -> list[Event]:
    history = list(before)
    for command in commands:
        history += when(history, command)
    return history


VERIFIED = after(SIGNED_UP, CONFIRM)


def select(plan: str, interval: Interval = "month") -> SelectPlan:
    return SelectPlan(USER, plan, interval, on_offer(NOW))


PLANNED = after(VERIFIED, select("starter"))


def steps(events: Sequence[Event]) -> list[tuple[str, str | None]]:
    return [(e.step, e.next_step) for e in events if isinstance(e, OnboardingStepCompleted)]


def preferences(**changes: Any) -> Preferences:
    videos = {name: value for name, value in changes.items() if name in VideoPreferences.model_fields}
    others = {name: value for name, value in changes.items() if name not in videos}
    return Preferences(VideoPreferences(**videos), **others)


def test_confirming_makes_the_user_and_completes_two_steps() -> None:
    assert when(SIGNED_UP, CONFIRM) == [
        UserCreated(user_id=USER),
        EmailVerified(user_id=USER, email_digest=DIGEST),
        OnboardingStepCompleted(user_id=USER, step="account_creation", next_step="email_verification"),
        OnboardingStepCompleted(user_id=USER, step="email_verification", next_step="subscription_selection"),
    ]


@pytest.mark.parametrize(
    ("plan", "usd", "channels", "videos", "trial"),
    [("starter", 97, 5, 15, 7), ("growth", 297, 10, 30, 7), ("scale", 797, 25, 75, 0)],
)
def test_a_plan_is_selected_with_its_own_limits(plan: str, usd: int, channels: int, videos: int, trial: int) -> None:
    selected, step = when(VERIFIED, select(plan))
    assert isinstance(selected, PlanSelected)
    assert (selected.price.micros, selected.price.currency) == (usd * 1_000_000, "USD")
    assert (selected.channels, selected.videos_per_day, selected.trial_days) == (channels, videos, trial)
    assert steps([step]) == [("subscription_selection", "payment_setup")]


@pytest.mark.parametrize(
    ("given", "command", "kind", "code", "field"),
    [
        (SIGNED_UP, select("starter"), PlanRejected, "email_not_verified", "plan"),
        (VERIFIED, select("gold"), PlanRejected, "unknown_plan", "plan"),
        (VERIFIED, select(""), PlanRejected, "unknown_plan", "plan"),
        ((), select("starter"), PlanRejected, "email_not_verified", "plan"),
        (VERIFIED, ChooseNiches(USER, ("history",), CATALOGUE), NicheChoiceRejected, "plan_missing", "niche_ids"),
        (PLANNED, ChooseNiches(USER, (), CATALOGUE), NicheChoiceRejected, "niches_missing", "niche_ids"),
        (PLANNED, ChooseNiches(USER, ("nope",), CATALOGUE), NicheChoiceRejected, "unknown_niche", "niche_ids"),
        (
            PLANNED,
            ChooseNiches(USER, tuple(CATALOGUE)[:6], CATALOGUE),
            NicheChoiceRejected,
            "too_many_niches",
            "niche_ids",
        ),
        (VERIFIED, RecommendNiches(USER, Wish((), "some", 100), CATALOGUE), NichesRejected, "interests_missing", None),
        (
            VERIFIED,
            RecommendNiches(USER, Wish(("cooking", "  "), "some", 100), CATALOGUE),
            NichesRejected,
            "interests_missing",
            "interests",
        ),
        (
            VERIFIED,
            RecommendNiches(USER, Wish(("x" * 81,), "some", 100), CATALOGUE),
            NichesRejected,
            "interests_too_long",
            "interests",
        ),
        (
            VERIFIED,
            RecommendNiches(USER, Wish(("cooking",), "wizard", 100), CATALOGUE),
            NichesRejected,
            "unknown_experience",
            "experience",
        ),
        (
            VERIFIED,
            RecommendNiches(USER, Wish(("cooking",), "some", -1), CATALOGUE),
            NichesRejected,
            "budget_out_of_range",
            "budget_usd",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_code_a_field_and_a_sentence(
    given: Sequence[Event], command: Command, kind: type[Rejected], code: str, field: str | None
) -> None:
    (rejected,) = when(given, command)
    assert isinstance(rejected, kind)
    assert rejected.code == code
    assert field is None or rejected.field == field
    assert rejected.message.endswith(".")


def test_an_unknown_plan_is_answered_with_the_plans_there_are() -> None:
    (rejected,) = when(VERIFIED, select("gold"))
    assert isinstance(rejected, PlanRejected)
    assert all(plan in rejected.message for plan in ("starter", "growth", "scale"))


def test_the_plan_may_be_changed_until_it_is_paid() -> None:
    changed = when(PLANNED, select("scale"))
    assert [type(e) for e in changed] == [PlanSelected]
    paid = after(PLANNED, NoteSubscription(USER, "sub_1", "starter"))
    (rejected,) = when(paid, select("scale"))
    assert isinstance(rejected, PlanRejected)
    assert rejected.code == "subscription_running"


def test_a_year_costs_ten_months() -> None:
    selected, _ = when(VERIFIED, select("growth", "year"))
    assert isinstance(selected, PlanSelected)
    assert (selected.interval, selected.price.micros) == ("year", 2_970_000_000)


def test_after_the_end_of_a_subscription_a_plan_is_chosen_anew() -> None:
    paid = after(PLANNED, NoteSubscription(USER, "sub_1", "starter"))
    ended = after(paid, NoteEnd(USER, "sub_1"))
    assert [type(e) for e in when(ended, select("scale"))] == [PlanSelected]
    assert when(ended, NoteEnd(USER, "sub_1")) == []
    again = after(ended, NoteSubscription(USER, "sub_2", "scale"))
    assert isinstance(when(again, select("starter"))[0], PlanRejected)


def test_an_end_that_is_heard_of_before_its_beginning_is_an_end() -> None:
    early = after(PLANNED, NoteEnd(USER, "sub_1"), NoteSubscription(USER, "sub_1", "starter"))
    assert [type(e) for e in when(early, select("growth"))] == [PlanSelected]


def test_a_larger_plan_has_room_for_more_niches_at_once() -> None:
    six = ChooseNiches(USER, tuple(CATALOGUE)[:6], CATALOGUE)
    paid = after(PLANNED, NoteSubscription(USER, "sub_1", "starter"))
    assert isinstance(when(paid, six)[0], NicheChoiceRejected)
    upgraded = after(paid, NoteEntitlement(USER, "growth", 10))
    assert isinstance(when(upgraded, six)[0], NichesChosen)
    assert when(upgraded, NoteEntitlement(USER, "growth", 10)) == []


def test_a_subscription_decides_the_plan_and_completes_payment() -> None:
    noted, step = when(PLANNED, NoteSubscription(USER, "sub_1", "growth"))
    assert noted == JourneySubscriptionNoted(user_id=USER, subscription_id="sub_1", plan="growth")
    assert steps([step]) == [("payment_setup", "niche_selection")]
    assert ACCOUNT.fold([*PLANNED, noted]).plan == "growth"


def test_chosen_niches_are_kept_once_each() -> None:
    chosen, step = when(PLANNED, ChooseNiches(USER, ("history", "ai_tools", "history"), CATALOGUE))
    assert chosen == NichesChosen(user_id=USER, niche_ids=("history", "ai_tools"))
    assert steps([step]) == [("niche_selection", "payment_setup")]


def test_recommending_completes_nothing() -> None:
    (recommended,) = when(VERIFIED, RecommendNiches(USER, Wish((" History ",), "beginner", 100), CATALOGUE))
    assert isinstance(recommended, NichesRecommended)
    assert "history" in [niche.niche_id for niche in recommended.niches]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"video_style": "shouting"}, "unknown_style", "video_style"),
        ({"video_length_s": 59}, "length_out_of_range", "video_length_s"),
        ({"video_length_s": 1801}, "length_out_of_range", "video_length_s"),
        ({"language": "xx"}, "language_without_voice", "language"),
        ({"voice": "jane"}, "unknown_voice", "voice"),
        ({"brand_colour": "teal"}, "not_a_colour", "brand_colour"),
        ({"brand_colour": "#0f6e84", "brand_accent": "#12"}, "not_a_colour", "brand_accent"),
        ({"brand_accent": "#f28c28"}, "brand_colour_missing", "brand_colour"),
        ({"timezone": "Mars/Olympus"}, "unknown_timezone", "timezone"),
        ({"timezone": "../etc/passwd"}, "unknown_timezone", "timezone"),
        ({"dashboard_layout": {str(n): "x" for n in range(51)}}, "layout_too_large", "dashboard_layout"),
        ({"dashboard_layout": {"a": "x" * 201}}, "layout_too_large", "dashboard_layout"),
    ],
)
def test_preferences_that_cannot_be_are_refused(changes: dict[str, Any], code: str, field: str) -> None:
    (rejected,) = when(VERIFIED, SavePreferences(USER, preferences(**changes), ZONES))
    assert isinstance(rejected, PreferencesRejected)
    assert (rejected.code, rejected.field) == (code, field)


def test_preferences_are_saved_and_complete_their_step_once() -> None:
    saved, step = when(VERIFIED, SavePreferences(USER, preferences(timezone="Europe/Berlin"), ZONES))
    assert isinstance(saved, PreferencesSaved)
    assert steps([step]) == [("content_preferences", "subscription_selection")]
    again = when([*VERIFIED, saved, step], SavePreferences(USER, preferences(video_length_s=60), ZONES, 1))
    assert [type(e) for e in again] == [PreferencesSaved]


@pytest.mark.parametrize(
    ("expected", "code"), [(None, "version_missing"), (1, "version_conflict"), (3, "version_conflict"), (2, None)]
)
def test_what_was_changed_must_be_what_is_there(expected: int | None, code: str | None) -> None:
    twice = after(VERIFIED, SavePreferences(USER, preferences(), ZONES), SavePreferences(USER, preferences(), ZONES, 1))
    (answer,) = when(twice, SavePreferences(USER, preferences(video_length_s=60), ZONES, expected))
    assert getattr(answer, "code", None) == code
    assert getattr(answer, "version", None) == (None if code else 3)


def own(**named: Any) -> ChannelPreferences:
    return ChannelPreferences(**named)


@pytest.mark.parametrize(
    ("preferences_", "expected", "code", "field"),
    [
        (own(video_style="loud"), None, "unknown_style", "video_style"),
        (own(voice="jane"), None, "unknown_voice", "voice"),
        (own(brand_accent="#f28c28"), None, "brand_colour_missing", "brand_colour"),
        (own(), 1, "version_conflict", "version"),
    ],
)
def test_what_a_channel_cannot_have_of_its_own_is_refused(
    preferences_: ChannelPreferences, expected: int | None, code: str, field: str
) -> None:
    (rejected,) = when(VERIFIED, SaveChannelPreferences(USER, CHANNEL, preferences_, expected))
    assert isinstance(rejected, ChannelPreferencesRejected)
    assert (rejected.code, rejected.field) == (code, field)


def test_a_channel_is_judged_by_what_holds_for_it_and_counts_its_own_versions() -> None:
    branded = after(VERIFIED, SavePreferences(USER, preferences(brand_colour="#0f6e84"), ZONES))
    accent = own(brand_accent="#f28c28")
    (saved,) = when(branded, SaveChannelPreferences(USER, CHANNEL, accent))
    assert saved == ChannelPreferencesSaved(user_id=USER, channel_id=CHANNEL, preferences=accent, version=1)
    (again,) = when([*branded, saved], SaveChannelPreferences(USER, CHANNEL, own(), 1))
    (other,) = when([*branded, saved], SaveChannelPreferences(USER, OTHER, own()))
    assert [e.version for e in (again, other) if isinstance(e, ChannelPreferencesSaved)] == [2, 1]


@given(
    account=st.builds(VideoPreferences, video_length_s=st.integers(60, 1800), auto_publish=st.booleans()),
    named=st.fixed_dictionaries(
        {},
        optional={
            "video_length_s": st.integers(60, 1800),
            "auto_publish": st.booleans(),
            "font_kit": st.just("friendly"),
        },
    ),
)
def test_only_what_a_channel_names_differs_from_its_account(account: VideoPreferences, named: dict[str, Any]) -> None:
    held, before = own(**named).over(account).model_dump(), account.model_dump()
    assert {name: value for name, value in held.items() if name in named} == named
    assert all(held[name] == before[name] for name in before.keys() - named.keys())


def test_a_fact_about_an_account_that_never_signed_up_is_nonsense() -> None:
    with pytest.raises(UnknownAccountError):
        when((), NoteStep(USER, journey.CHANNEL_CONNECTION))


def test_facts_that_come_again_change_nothing() -> None:
    once = after(VERIFIED, NoteStep(USER, journey.CHANNEL_CONNECTION))
    assert when(once, NoteStep(USER, journey.CHANNEL_CONNECTION)) == []


def test_the_journey_completes_once_in_whatever_order_its_steps_come() -> None:
    commands: list[Command] = [
        select("starter"),
        NoteSubscription(USER, "sub_1", "starter"),
        NoteStep(USER, journey.CHANNEL_CONNECTION),
        SavePreferences(USER, preferences(), ZONES),
        NoteStep(USER, journey.FIRST_VIDEO_GENERATION),
    ]
    for order in permutations(commands):
        events = after(VERIFIED, *order)
        events = after(events, NoteEntitlement(USER, "starter", 5), ChooseNiches(USER, ("history",), CATALOGUE))
        assert sum(isinstance(e, OnboardingCompleted) for e in events) == 1
        assert {step for step, _ in steps(events)} == set(journey.STEPS)
        assert steps(events)[-1][1] is None
        seen: set[str] = set()
        for step, following in steps(events):
            seen.add(step)
            assert following == journey.next_step(seen)


def test_the_journey_in_its_own_order_names_each_following_step() -> None:
    events = after(
        SIGNED_UP,
        CONFIRM,
        select("starter"),
        NoteSubscription(USER, "sub_1", "starter"),
        ChooseNiches(USER, ("history", "ai_tools"), CATALOGUE),
        NoteStep(USER, journey.CHANNEL_CONNECTION),
        SavePreferences(USER, preferences(), ZONES),
        NoteStep(USER, journey.FIRST_VIDEO_GENERATION),
    )
    assert steps(events) == list(zip(journey.STEPS, [*journey.STEPS[1:], None], strict=True))
    assert events[-1] == OnboardingCompleted(user_id=USER)
