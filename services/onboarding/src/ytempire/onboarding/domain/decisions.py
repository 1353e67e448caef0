"""What an account may do: commands and what they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ytempire.events import Event
from ytempire.events.onboarding import (
    ChannelPreferencesRejected,
    ChannelPreferencesSaved,
    NicheChoiceRejected,
    NichesChosen,
    NichesRecommended,
    NichesRejected,
    PlanRejected,
    PlanSelected,
    PreferencesRejected,
    PreferencesSaved,
)
from ytempire.events.plans import Interval, Offer
from ytempire.events.preferences import ChannelPreferences, Fault, fault_of
from ytempire.eventstore import Decider, PermanentError
from ytempire.onboarding.domain import access, journey, niche, niche_score, niches, preferences
from ytempire.onboarding.domain.account import Account, evolve
from ytempire.onboarding.domain.events import (
    JourneyEntitlementNoted,
    JourneySubscriptionEnded,
    JourneySubscriptionNoted,
)

MOST_INTERESTS, LONGEST_INTEREST = 20, 80
MOST_BUDGET_USD = 1_000_000
_UNVERIFIED = "Confirm your e-mail address first: follow the link in the mail we sent you."


class UnknownAccountError(PermanentError):
    """Something is said of an account that never signed up here."""


@dataclass(frozen=True, slots=True)
class SelectPlan:
    user_id: str
    plan: str
    interval: Interval
    offers: Mapping[str, Offer] = field(repr=False)
    """What can be had when it is asked for."""


@dataclass(frozen=True, slots=True)
class RecommendNiches:
    user_id: str
    wish: niche.Wish
    catalogue: niche.Catalogue = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChooseNiches:
    user_id: str
    niche_ids: tuple[str, ...]
    catalogue: niche.Catalogue = field(repr=False)


@dataclass(frozen=True, slots=True)
class SavePreferences:
    user_id: str
    preferences: preferences.Preferences
    zones: frozenset[str] = field(repr=False)
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class SaveChannelPreferences:
    user_id: str
    channel_id: str
    preferences: ChannelPreferences
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class NoteSubscription:
    user_id: str
    subscription_id: str
    plan: str


@dataclass(frozen=True, slots=True)
class NoteEntitlement:
    """Billing says what the account may do now."""

    user_id: str
    plan: str
    channels: int


@dataclass(frozen=True, slots=True)
class NoteEnd:
    """A subscription is over: the account may choose a plan anew."""

    user_id: str
    subscription_id: str


@dataclass(frozen=True, slots=True)
class NoteStep:
    """Another service says that something happened which completes a step."""

    user_id: str
    step: str


Note = NoteSubscription | NoteEntitlement | NoteEnd | NoteStep
Preferring = SavePreferences | SaveChannelPreferences
Command = access.Access | SelectPlan | RecommendNiches | ChooseNiches | Preferring | Note


def decide(state: Account, command: Command) -> Sequence[Event]:
    """
    :raises UnknownAccountError: if a fact of another service names an account that is not here.
    """
    match command:
        case SelectPlan():
            return _select_plan(state, command)
        case RecommendNiches():
            return _recommend(state, command)
        case ChooseNiches():
            return _choose(state, command)
        case SavePreferences():
            return _save(state, command)
        case SaveChannelPreferences():
            return _save_for_channel(state, command)
        case NoteSubscription() | NoteEntitlement() | NoteEnd() | NoteStep():
            return _note(state, command)
        case _:
            return access.decide(state, command)


def _select_plan(state: Account, command: SelectPlan) -> list[Event]:
    user_id, offer = command.user_id, command.offers.get(command.plan)

    def refuse(code: str, message: str) -> list[Event]:
        return [PlanRejected(user_id=user_id, code=code, field="plan", message=message)]

    if not state.verified:
        return refuse("email_not_verified", _UNVERIFIED)
    if offer is None:
        return refuse("unknown_plan", f"Choose one of these plans: {', '.join(command.offers)}.")
    if state.subscribed:
        message = f"Your {state.plan} subscription is running already; plans are changed under billing from now on."
        return refuse("subscription_running", message)
    selected = PlanSelected(
        user_id=user_id,
        plan=offer.plan,
        price=offer.price(command.interval),
        channels=offer.channels,
        videos_per_day=offer.videos_per_day,
        trial_days=offer.trial_days,
        interval=command.interval,
    )
    return [selected, *journey.complete(user_id, state.done, journey.SUBSCRIPTION_SELECTION)]


def _recommend(state: Account, command: RecommendNiches) -> list[Event]:
    fault = _check_wish(state, command.wish)
    if fault:
        return [NichesRejected(user_id=command.user_id, code=fault.code, field=fault.field, message=fault.message)]
    wish = niche.Wish(
        tuple(dict.fromkeys(i.strip().lower() for i in command.wish.interests)),
        command.wish.experience,
        command.wish.budget_usd,
    )
    return [NichesRecommended(user_id=command.user_id, niches=niches.recommend(command.catalogue, wish))]


def _check_wish(state: Account, wish: niche.Wish) -> Fault | None:
    if not state.verified:
        return Fault("email_not_verified", "", _UNVERIFIED)
    if not wish.interests or any(not i.strip() for i in wish.interests):
        message = "Name at least one interest, such as cooking, investing or history, and leave none blank."
        return Fault("interests_missing", "interests", message)
    if len(wish.interests) > MOST_INTERESTS or any(len(i) > LONGEST_INTEREST for i in wish.interests):
        message = f"Name at most {MOST_INTERESTS} interests of at most {LONGEST_INTEREST} characters each."
        return Fault("interests_too_long", "interests", message)
    if wish.experience not in niche_score.EXPERIENCE:
        message = f"Say how experienced you are: {', '.join(niche_score.EXPERIENCE)}."
        return Fault("unknown_experience", "experience", message)
    if not 0 <= wish.budget_usd <= MOST_BUDGET_USD:
        message = f"Give a monthly budget from 0 to {MOST_BUDGET_USD} US dollars; you gave {wish.budget_usd}."
        return Fault("budget_out_of_range", "budget_usd", message)
    return None


def _choose(state: Account, command: ChooseNiches) -> list[Event]:
    user_id, chosen = command.user_id, tuple(dict.fromkeys(command.niche_ids))

    def refuse(code: str, message: str) -> list[Event]:
        return [NicheChoiceRejected(user_id=user_id, code=code, field="niche_ids", message=message)]

    if not state.verified:
        return refuse("email_not_verified", _UNVERIFIED)
    if state.plan is None or state.channels is None:
        return refuse("plan_missing", "Choose a plan first: it says how many channels, and so niches, you can have.")
    if not chosen:
        return refuse("niches_missing", "Choose at least one niche.")
    if len(chosen) > state.channels:
        message = f"The {state.plan} plan has {state.channels} channels; choose at most {state.channels} niches."
        return refuse("too_many_niches", message)
    unknown = [n for n in chosen if n not in command.catalogue]
    if unknown:
        message = f"We do not know the niche {unknown[0][:60]!r}; choose from the ones we recommended."
        return refuse("unknown_niche", message)
    taken = NichesChosen(user_id=user_id, niche_ids=chosen)
    return [taken, *journey.complete(user_id, state.done, journey.NICHE_SELECTION)]


def _save(state: Account, command: SavePreferences) -> list[Event]:
    user_id, wanted = command.user_id, command.preferences
    fault = preferences.check_version(command.expected_version, state.preferences_version)
    fault = fault or preferences.check(wanted, command.zones)
    if not state.verified:
        fault = Fault("email_not_verified", "", _UNVERIFIED)
    if fault:
        return [PreferencesRejected(user_id=user_id, code=fault.code, field=fault.field, message=fault.message)]
    saved = PreferencesSaved(
        user_id=user_id,
        **wanted.videos.model_dump(),
        timezone=wanted.timezone,
        dashboard_layout=wanted.dashboard_layout,
        version=state.preferences_version + 1,
    )
    return [saved, *journey.complete(user_id, state.done, journey.CONTENT_PREFERENCES)]


def _save_for_channel(state: Account, command: SaveChannelPreferences) -> list[Event]:
    version = state.channel_versions.get(command.channel_id, 0)
    fault = preferences.check_version(command.expected_version, version)
    fault = fault or fault_of(command.preferences.over(state.videos))
    if not state.verified:
        fault = Fault("email_not_verified", "", _UNVERIFIED)
    who = {"user_id": command.user_id, "channel_id": command.channel_id}
    if fault:
        return [ChannelPreferencesRejected(**who, code=fault.code, field=fault.field, message=fault.message)]
    return [ChannelPreferencesSaved(**who, preferences=command.preferences, version=version + 1)]


def _note(state: Account, command: Note) -> list[Event]:
    if not state.signed_up:
        raise UnknownAccountError(
            f"account {command.user_id} never signed up: is this event from another installation?"
        )
    if isinstance(command, NoteStep):
        return journey.complete(command.user_id, state.done, command.step)
    if isinstance(command, NoteEntitlement):
        known = (state.entitled_plan, state.channels) == (command.plan, command.channels)
        plan, channels = command.plan, command.channels
        return [] if known else [JourneyEntitlementNoted(user_id=command.user_id, plan=plan, channels=channels)]
    if isinstance(command, NoteEnd):
        user_id, ended = command.user_id, command.subscription_id
        return [] if ended in state.ended else [JourneySubscriptionEnded(user_id=user_id, subscription_id=ended)]
    noted = JourneySubscriptionNoted(
        user_id=command.user_id, subscription_id=command.subscription_id, plan=command.plan
    )
    # who pays for a plan has selected it, in whatever order we hear of it
    steps = journey.complete(command.user_id, state.done, journey.SUBSCRIPTION_SELECTION, journey.PAYMENT_SETUP)
    return [noted, *steps]


ACCOUNT: Decider[Account, Command] = Decider(Account, decide, evolve)
