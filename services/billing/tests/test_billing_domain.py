"""Subscription and slots: what happens when a command meets a state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.billing.domain import slots
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.events import GraceEnded, PlanNoted, SubscriptionOrdered, ZoneNoted
from ytempire.events import Event, Money
from ytempire.events.billing import (
    ChannelSlotRefused,
    ChannelSlotReleased,
    ChannelSlotReserved,
    CustomerCreated,
    EntitlementsChanged,
    InvoicePaid,
    PaymentFailed,
    PaymentSetupRejected,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPastDue,
    SubscriptionRecovered,
    SubscriptionStarted,
    VideoSlotConsumed,
    VideoSlotRefused,
    VideoSlotReleased,
    VideoSlotReserved,
)
from ytempire.events.values import Sealed
from ytempire.eventstore import derived_id

USER = derived_id("user")
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONTH = NOW + timedelta(days=30)
SEALED = Sealed(recipient="billing", key_id="k", ciphertext="c", expires_at=MONTH)
STARTER = PlanNoted(
    user_id=USER,
    plan="starter",
    price=Money(micros=97_000_000, currency="USD"),
    channels=5,
    videos_per_day=15,
    trial_days=7,
)
GROWTH = STARTER.model_copy(update={"plan": "growth", "channels": 10, "videos_per_day": 30})
ORDERED = SubscriptionOrdered(user_id=USER, plan="starter", payment_method_id="pm_1", sealed=SEALED)
ORDER = domain.Order(USER, "pm_1", SEALED)
START = domain.Start(USER, "cus_1", "sub_1", "trialing", NOW + timedelta(days=7), NOW, NOW + timedelta(days=7))


def decided(given_: Sequence[Event], command: domain.Command) -> Sequence[Event]:
    return domain.decide(domain.SUBSCRIPTION.fold(given_), command)


def started(*more: Event) -> list[Event]:
    history: list[Event] = [STARTER, ORDERED]
    history += decided(history, START)
    return [*history, *more]


def code(events: Sequence[Event]) -> str:
    (event,) = events
    assert isinstance(event, PaymentSetupRejected)
    assert event.message.endswith(".")
    return event.code


def test_a_plan_is_noted_once_and_the_last_choice_counts() -> None:
    assert decided([], domain.NotePlan(STARTER)) == [STARTER]
    assert decided([STARTER], domain.NotePlan(STARTER)) == []
    assert decided([STARTER], domain.NotePlan(GROWTH)) == [GROWTH]


BERLIN = ZoneNoted(user_id=USER, timezone="Europe/Berlin")


def test_the_first_zone_holds_at_once_and_is_noted_once() -> None:
    assert decided([], domain.NoteZone(USER, "Europe/Berlin", NOW)) == [BERLIN]
    assert decided([BERLIN], domain.NoteZone(USER, "Europe/Berlin", NOW)) == []
    assert domain.SUBSCRIPTION.fold([BERLIN]).zone.day(NOW + timedelta(hours=11, minutes=30)) == DAY + timedelta(days=1)


def test_another_zone_holds_when_the_day_is_over_and_no_day_comes_twice() -> None:
    (moved,) = decided([BERLIN], domain.NoteZone(USER, "America/Los_Angeles", NOW))
    zone = domain.SUBSCRIPTION.fold([BERLIN, moved]).zone
    midnight = datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert zone.begins == midnight
    assert (zone.at(midnight - timedelta(seconds=1)), zone.at(midnight)) == ("Europe/Berlin", "America/Los_Angeles")
    # it is still the same day on the other coast, until it ends there too
    assert [zone.day(midnight + timedelta(hours=h)) for h in (0, 8, 9)] == [DAY, DAY, DAY + timedelta(days=1)]
    (back,) = decided([BERLIN, moved], domain.NoteZone(USER, "Asia/Tokyo", midnight + timedelta(hours=1)))
    # yesterday's slots of a zone further west cannot be had once a day has begun
    west = domain.SUBSCRIPTION.fold([BERLIN, moved, back]).zone
    assert west.day(midnight + timedelta(hours=1)) == DAY


ZONES = ("Pacific/Kiritimati", "Asia/Tokyo", "Europe/Berlin", "UTC", "America/Los_Angeles", "Etc/GMT+12")


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(ZONES)), min_size=1, max_size=40))
def test_a_change_of_zone_buys_no_day(steps: list[tuple[int, str]]) -> None:
    history: list[Event] = [BERLIN]
    at, days = NOW, [domain.SUBSCRIPTION.fold(history).zone.day(NOW)]
    for hours, zone in steps:
        at += timedelta(hours=hours)
        days.append(domain.SUBSCRIPTION.fold(history).zone.day(at))
        history += decided(history, domain.NoteZone(USER, zone, at))
        days.append(domain.SUBSCRIPTION.fold(history).zone.day(at))
    assert days == sorted(days)
    # the date line alone can be ahead or behind, once
    assert (days[-1] - days[0]).days <= (at - NOW) / timedelta(days=1) + 2


def test_an_order_needs_a_plan_and_there_is_one_at_a_time() -> None:
    assert decided([STARTER], ORDER) == [ORDERED]
    assert code(decided([], ORDER)) == "plan_missing"
    assert code(decided([STARTER, ORDERED], ORDER)) == "payment_in_progress"
    assert code(decided(started(), ORDER)) == "already_subscribed"


def test_a_second_order_does_not_disturb_the_first() -> None:
    refused = decided([STARTER, ORDERED], ORDER)
    assert isinstance(decided([STARTER, ORDERED, *refused], START)[1], SubscriptionStarted)


def test_a_refused_card_leaves_the_way_open_for_another() -> None:
    refused = decided([STARTER, ORDERED], domain.RefusePayment(USER, "card_declined", "No. Use another card."))
    assert code(refused) == "card_declined"
    assert decided([STARTER, ORDERED, *refused], ORDER) == [ORDERED]
    assert decided([STARTER, ORDERED, *refused], domain.RefusePayment(USER, "card_declined", "No.")) == []


def test_a_start_brings_customer_subscription_and_entitlement() -> None:
    customer, subscription, entitled = decided([STARTER, ORDERED], START)
    assert customer == CustomerCreated(user_id=USER, stripe_customer_id="cus_1")
    assert isinstance(subscription, SubscriptionStarted)
    assert (subscription.plan, subscription.status) == ("starter", "trialing")
    assert entitled == EntitlementsChanged(user_id=USER, plan="starter", active=True, channels=5, videos_per_day=15)
    assert decided(started(), START) == []


def test_a_plan_chosen_after_the_order_changes_neither_order_nor_entitlement() -> None:
    _, subscription, entitled = decided([STARTER, ORDERED, GROWTH], START)
    assert isinstance(subscription, SubscriptionStarted)
    assert isinstance(entitled, EntitlementsChanged)
    assert (subscription.plan, entitled.videos_per_day) == ("starter", 15)


def observe(status: str, end: datetime = MONTH) -> domain.Observe:
    return domain.Observe(USER, "sub_1", status, NOW, end, NOW)


def test_what_stripe_says_is_recorded_when_it_is_news() -> None:
    assert decided(started(), observe("trialing", NOW + timedelta(days=7))) == []
    (changed,) = decided(started(), observe("active"))
    assert isinstance(changed, SubscriptionChanged)
    assert decided(started(changed), observe("active")) == []
    (renewed,) = decided(started(changed), observe("active", MONTH + timedelta(days=30)))
    assert isinstance(renewed, SubscriptionChanged)
    assert decided(started(), domain.Observe(USER, "sub_other", "active", NOW, MONTH, NOW)) == []


def test_a_failed_renewal_keeps_the_right_to_work_and_a_cancellation_ends_it() -> None:
    history = started()
    past_due = decided(history, observe("past_due"))
    assert [type(e) for e in past_due] == [SubscriptionChanged, SubscriptionPastDue]
    history += past_due
    cancelled = decided(history, observe("canceled"))
    assert [type(e) for e in cancelled] == [SubscriptionChanged, SubscriptionCancelled, EntitlementsChanged]
    assert cancelled[2] == EntitlementsChanged(user_id=USER, plan="starter", active=False, channels=0, videos_per_day=0)
    assert isinstance(decided([*history, *cancelled], ORDER)[0], SubscriptionOrdered)


OVER = GraceEnded(user_id=USER, subscription_id="sub_1")
END_GRACE = domain.EndGrace(USER, "sub_1")
READ_ONLY = EntitlementsChanged(user_id=USER, plan="starter", active=False, channels=0, videos_per_day=0)


def overdue(*more: Event) -> list[Event]:
    history = started()
    return [*history, *decided(history, observe("past_due")), *more]


def test_the_days_of_grace_are_set_by_a_timer_and_ended_by_a_payment() -> None:
    history = started()
    late = decided(history, observe("past_due"))
    (timer,), _ = domain.timers(domain.SUBSCRIPTION.fold(history), late)
    assert (timer.due, timer.event) == (NOW + domain.GRACE, OVER)
    paid = decided(overdue(), observe("active", MONTH + timedelta(days=1)))
    assert [type(e) for e in paid] == [SubscriptionChanged, SubscriptionRecovered]
    assert domain.timers(domain.SUBSCRIPTION.fold(overdue()), paid) == ((), (timer.key,))
    ended = decided(overdue(), observe("canceled"))
    assert domain.timers(domain.SUBSCRIPTION.fold(overdue()), ended) == ((), (timer.key,))


def test_after_the_days_of_grace_nothing_new_is_begun_until_the_invoice_is_paid() -> None:
    assert decided(overdue(OVER), END_GRACE) == [READ_ONLY]
    suspended = overdue(OVER, READ_ONLY)
    assert decided(suspended, END_GRACE) == []
    # the next period begins, and the invoice is as overdue as before
    (still,) = decided(suspended, observe("past_due", MONTH + timedelta(days=30)))
    assert isinstance(still, SubscriptionChanged)
    paid = decided([*suspended, still], observe("active", MONTH + timedelta(days=30)))
    assert [type(e) for e in paid] == [SubscriptionChanged, SubscriptionRecovered, EntitlementsChanged]
    assert paid[2] == EntitlementsChanged(user_id=USER, plan="starter", active=True, channels=5, videos_per_day=15)
    # another failure has days of grace of its own
    again = decided([*suspended, still, *paid], observe("past_due", MONTH + timedelta(days=60)))
    assert [type(e) for e in again] == [SubscriptionChanged, SubscriptionPastDue]


def test_an_end_of_grace_that_comes_late_changes_nothing() -> None:
    paid = overdue(*decided(overdue(), observe("active", MONTH)))
    assert decided([*paid, OVER], END_GRACE) == []
    assert decided(overdue(OVER), domain.EndGrace(USER, "sub_other")) == []


def test_each_try_of_an_invoice_fails_once() -> None:
    first = domain.FailInvoice(USER, "in_1", "payment_failed", 1, MONTH)
    (failed,) = decided(started(), first)
    assert failed == PaymentFailed(
        user_id=USER, invoice_id="in_1", code="payment_failed", attempt=1, next_attempt_at=MONTH
    )
    assert decided(started(failed), first) == []
    assert len(decided(started(failed), domain.FailInvoice(USER, "in_1", "payment_failed", 2, None))) == 1


def test_an_invoice_is_taken_once() -> None:
    take = domain.TakeInvoice(USER, "in_1", Money.minor(9700, "USD"), Money.zero(), NOW, MONTH)
    (paid,) = decided(started(), take)
    assert isinstance(paid, InvoicePaid)
    assert decided(started(paid), take) == []


FULL = slots.Allowance(True, "starter", 2)
NONE = slots.Allowance(False, None, 0)
VIDEOS = [derived_id("video", str(n)) for n in range(6)]


def reserve(video: str, allowance: slots.Allowance = FULL) -> slots.ReserveVideo:
    return slots.ReserveVideo(USER, video, DAY, allowance)


def run(*commands: slots.VideoCommand) -> list[Event]:
    history: list[Event] = []
    for command in commands:
        history += slots.decide_video(slots.VIDEO_SLOTS.fold(history), command)
    return history


def test_a_day_holds_as_many_videos_as_the_plan_has() -> None:
    *kept, refused = run(*map(reserve, VIDEOS[:3]))
    assert [type(e) for e in kept] == [VideoSlotReserved, VideoSlotReserved]
    assert isinstance(refused, VideoSlotRefused)
    assert (refused.code, refused.field) == ("daily_video_limit", "channel_id")
    assert "2 videos a day" in refused.message


def test_without_a_subscription_there_are_no_slots() -> None:
    (refused,) = run(reserve(VIDEOS[0], NONE))
    assert isinstance(refused, VideoSlotRefused)
    assert refused.code == "no_subscription"


def test_a_released_slot_is_free_for_another_video_and_a_used_one_is_not() -> None:
    first, second, third, fourth = VIDEOS[:4]
    done = run(
        reserve(first),
        reserve(second),
        slots.ConsumeVideo(USER, first),
        slots.ReleaseVideo(USER, second),
        slots.ReleaseVideo(USER, first),
        reserve(third),
        reserve(fourth),
    )
    kinds = [type(e) for e in done]
    assert kinds[2:] == [VideoSlotConsumed, VideoSlotReleased, VideoSlotReserved, VideoSlotRefused]


def test_repeated_commands_have_one_effect() -> None:
    video = VIDEOS[0]
    consumed = run(reserve(video), reserve(video), slots.ConsumeVideo(USER, video), slots.ConsumeVideo(USER, video))
    assert [type(e) for e in consumed] == [VideoSlotReserved, VideoSlotConsumed]
    released = run(reserve(video), slots.ReleaseVideo(USER, video), slots.ReleaseVideo(USER, video), reserve(video))
    assert [type(e) for e in released] == [VideoSlotReserved, VideoSlotReleased]


def _video_commands() -> st.SearchStrategy[slots.VideoCommand]:
    video = st.sampled_from(VIDEOS)
    return st.one_of(
        video.map(reserve),
        video.map(lambda v: slots.ConsumeVideo(USER, v)),
        video.map(lambda v: slots.ReleaseVideo(USER, v)),
    )


@given(st.lists(_video_commands(), max_size=30))
def test_held_slots_never_exceed_the_limit_whatever_the_order(commands: list[slots.VideoCommand]) -> None:
    history: list[Event] = []
    for command in commands:
        history += slots.decide_video(slots.VIDEO_SLOTS.fold(history), command)
        state = slots.VIDEO_SLOTS.fold(history)
        assert len(state.held) <= FULL.limit
        assert state.consumed <= state.held
        assert not state.held & state.released


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(VIDEOS)), max_size=30))
def test_connected_channels_never_exceed_the_limit_whatever_the_order(steps: list[tuple[bool, str]]) -> None:
    history: list[Event] = []
    for take, channel in steps:
        command: slots.ChannelCommand = (
            slots.ReserveChannel(USER, channel, FULL) if take else slots.ReleaseChannel(USER, channel)
        )
        history += slots.decide_channel(slots.CHANNEL_SLOTS.fold(history), command)
        assert len(slots.CHANNEL_SLOTS.fold(history).held) <= FULL.limit


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(VIDEOS), st.booleans()), max_size=30))
def test_a_plan_that_changes_within_the_day_counts_what_is_taken_already(steps: list[tuple[int, str, bool]]) -> None:
    history: list[Event] = []
    for limit, video, take in steps:
        allowance = slots.Allowance(limit > 0, "any", limit)
        command = reserve(video, allowance) if take else slots.ReleaseVideo(USER, video)
        done = slots.decide_video(slots.VIDEO_SLOTS.fold(history), command)
        history += done
        if any(isinstance(event, VideoSlotReserved) for event in done):
            assert len(slots.VIDEO_SLOTS.fold(history).held) <= limit


LATE = slots.Allowance(False, "starter", 0, overdue=True)
TAKEN_BACK = slots.Allowance(False, "starter", 0, disputed=True)


def test_an_overdue_payment_is_what_stops_new_videos() -> None:
    (refused,) = run(reserve(VIDEOS[0], LATE))
    assert isinstance(refused, VideoSlotRefused)
    assert refused.code == "subscription_past_due"
    assert "Pay the open invoice" in refused.message


def test_a_payment_that_a_bank_took_back_stops_new_videos() -> None:
    (refused,) = run(reserve(VIDEOS[0], TAKEN_BACK))
    assert isinstance(refused, VideoSlotRefused)
    assert refused.code == "payment_disputed"
    assert "Open a ticket" in refused.message


@pytest.mark.parametrize(
    ("allowance", "wanted"),
    [
        (FULL, "channel_limit"),
        (NONE, "no_subscription"),
        (LATE, "subscription_past_due"),
        (TAKEN_BACK, "payment_disputed"),
    ],
)
def test_channels_have_slots_of_their_own(allowance: slots.Allowance, wanted: str) -> None:
    history: list[Event] = []
    for channel in VIDEOS[:2]:
        history += slots.decide_channel(slots.CHANNEL_SLOTS.fold(history), slots.ReserveChannel(USER, channel, FULL))
    assert [type(e) for e in history] == [ChannelSlotReserved, ChannelSlotReserved]
    state = slots.CHANNEL_SLOTS.fold(history)
    (refused,) = slots.decide_channel(state, slots.ReserveChannel(USER, VIDEOS[2], allowance))
    assert isinstance(refused, ChannelSlotRefused)
    assert refused.code == wanted
    (released,) = slots.decide_channel(state, slots.ReleaseChannel(USER, VIDEOS[0]))
    assert isinstance(released, ChannelSlotReleased)
