"""Changing a subscription that runs: given what happened, when a change is asked for, then it is ordered or refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.changes import MakeChange, PreviewChange, RefuseChange, RequestChange
from ytempire.billing.domain.events import ChangeOrdered, ChangeSettled, PlanNoted, SubscriptionOrdered, Terms
from ytempire.events import Event, Money
from ytempire.events.billing import (
    EntitlementsChanged,
    PlanChangePreviewed,
    PlanChangePreviewRejected,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionChangeRejected,
    SubscriptionPastDue,
    SubscriptionRecovered,
)
from ytempire.events.values import Sealed
from ytempire.eventstore import derived_id

USER = derived_id("user")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
END = NOW + timedelta(days=30)
NEXT = END + timedelta(days=30)


def terms(plan: str, usd: int, channels: int, videos: int) -> Terms:
    price = Money.parse(usd, "USD")
    return Terms(plan=plan, price=price, channels=channels, videos_per_day=videos, trial_days=7)


def by_the_year(plan: Terms) -> Terms:
    price = Money(micros=10 * plan.price.micros, currency="USD")
    return plan.model_copy(update={"price": price, "interval": "year"})


STARTER, GROWTH, SCALE = terms("starter", 97, 5, 15), terms("growth", 297, 10, 30), terms("scale", 797, 25, 75)
SEALED = Sealed(recipient="billing", key_id="k", ciphertext="c", expires_at=END)


def when(given: Sequence[Event], command: domain.Command) -> list[Event]:
    return list(domain.decide(domain.SUBSCRIPTION.fold(given), command))


def running(status: str = "active") -> list[Event]:
    """On the growth plan, in its period."""
    history: list[Event] = [
        PlanNoted(user_id=USER, **dict(GROWTH)),
        SubscriptionOrdered(user_id=USER, plan="growth", payment_method_id="pm_1", sealed=SEALED),
    ]
    return history + when(history, domain.Start(USER, "cus_1", "sub_1", status, None, NOW, END))


RUNNING = running()


def asked(change: str, wanted: Terms | None = None, channels: int = 0) -> RequestChange:
    return RequestChange(USER, change, wanted, channels)


def made(status: str = "active", cancels_at: datetime | None = None) -> MakeChange:
    return MakeChange(USER, status, NOW, END, cancels_at)


def after(given: Sequence[Event], *commands: domain.Command) -> list[Event]:
    history = list(given)
    for command in commands:
        history += when(history, command)
    return history


def one(events: Sequence[Event], kind: type[Event]) -> Event:
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def test_a_cancellation_at_the_end_keeps_everything_until_then() -> None:
    assert when(RUNNING, asked("cancel_at_period_end")) == [ChangeOrdered(user_id=USER, change="cancel_at_period_end")]
    changed, settled = when(after(RUNNING, asked("cancel_at_period_end")), made(cancels_at=END))
    assert isinstance(changed, SubscriptionChanged)
    assert (changed.plan, changed.status, changed.cancels_at) == ("growth", "active", END)
    assert settled == ChangeSettled(user_id=USER)


def test_a_cancellation_now_ends_what_the_plan_allows() -> None:
    outcome = when(after(RUNNING, asked("cancel_now")), made("canceled"))
    assert [type(event) for event in outcome] == [
        SubscriptionChanged,
        SubscriptionCancelled,
        EntitlementsChanged,
        ChangeSettled,
    ]
    entitled = one(outcome, EntitlementsChanged)
    assert isinstance(entitled, EntitlementsChanged)
    assert (entitled.active, entitled.channels, entitled.videos_per_day) == (False, 0, 0)


def test_a_notice_that_is_faster_than_the_outcome_ends_it_once() -> None:
    ordered = after(RUNNING, asked("cancel_now"))
    seen = after(ordered, domain.Observe(USER, "sub_1", "canceled", NOW, END, NOW))
    outcome = when(seen, made("canceled"))
    assert [type(event) for event in outcome] == [SubscriptionChanged, ChangeSettled]
    assert sum(isinstance(event, SubscriptionCancelled) for event in [*seen, *outcome]) == 1


def test_a_cancelled_subscription_can_be_kept_until_it_ends() -> None:
    ending = after(RUNNING, asked("cancel_at_period_end"), made(cancels_at=END))
    changed, _ = when(after(ending, asked("resume")), made())
    assert isinstance(changed, SubscriptionChanged)
    assert changed.cancels_at is None


def test_a_dearer_plan_begins_at_once() -> None:
    (ordered,) = when(RUNNING, asked("change_plan", SCALE))
    assert ordered == ChangeOrdered(user_id=USER, change="change_plan", terms=SCALE, at_period_end=False)
    outcome = when([*RUNNING, ordered], made())
    changed, entitled = one(outcome, SubscriptionChanged), one(outcome, EntitlementsChanged)
    assert isinstance(changed, SubscriptionChanged)
    assert isinstance(entitled, EntitlementsChanged)
    assert (changed.plan, changed.next_plan) == ("scale", None)
    assert (entitled.plan, entitled.channels, entitled.videos_per_day) == ("scale", 25, 75)


def test_the_same_plan_by_the_year_begins_at_once() -> None:
    (ordered,) = when(RUNNING, asked("change_plan", by_the_year(GROWTH)))
    assert isinstance(ordered, ChangeOrdered)
    assert not ordered.at_period_end


def test_a_notice_before_the_bank_s_refusal_does_not_make_the_year_come_true() -> None:
    ordered = after(RUNNING, asked("change_plan", by_the_year(GROWTH)))
    noticed = after(ordered, domain.Observe(USER, "sub_1", "past_due", NOW, END, NOW))
    refused = after(noticed, RefuseChange(USER, "card_declined", "The card was declined."))
    subscribed = domain.SUBSCRIPTION.fold(refused).subscribed
    assert subscribed is not None
    assert (subscribed.interval, subscribed.price) == ("month", GROWTH.price)


def test_a_cheaper_plan_begins_with_the_next_period() -> None:
    waiting = after(RUNNING, asked("change_plan", STARTER), made())
    changed = [event for event in waiting if isinstance(event, SubscriptionChanged)][-1]
    assert (changed.plan, changed.next_plan) == ("growth", "starter")
    assert sum(isinstance(event, EntitlementsChanged) for event in waiting) == 1, "nothing is taken away yet"
    within = when(waiting, domain.Observe(USER, "sub_1", "past_due", NOW, END, NOW))
    assert [event.next_plan for event in within if isinstance(event, SubscriptionChanged)] == ["starter"]
    begun = when(waiting, domain.Observe(USER, "sub_1", "active", END, NEXT, END))
    turned, entitled = one(begun, SubscriptionChanged), one(begun, EntitlementsChanged)
    assert isinstance(turned, SubscriptionChanged)
    assert isinstance(entitled, EntitlementsChanged)
    assert (turned.plan, turned.next_plan) == ("starter", None)
    assert (entitled.plan, entitled.channels, entitled.videos_per_day) == ("starter", 5, 15)


def test_a_period_that_turned_untold_is_known_by_the_outcome_of_the_next_change() -> None:
    waiting = after(RUNNING, asked("change_plan", STARTER), made())
    ended = after(waiting, asked("cancel_now"), MakeChange(USER, "canceled", END, NEXT, None))
    changed = one(ended[len(waiting) :], SubscriptionChanged)
    assert (changed.plan, changed.status, changed.next_plan) == ("starter", "canceled", None)
    # the renewal's own notice comes last, and finds nothing new
    assert when(ended, domain.Observe(USER, "sub_1", "canceled", END, NEXT, NEXT)) == []


def test_a_cheaper_plan_that_waits_can_be_taken_back() -> None:
    waiting = after(RUNNING, asked("change_plan", STARTER), made())
    kept = after(waiting, asked("change_plan", GROWTH), made())
    changed = [event for event in kept if isinstance(event, SubscriptionChanged)][-1]
    assert (changed.plan, changed.next_plan) == ("growth", None)
    begun = when(kept, domain.Observe(USER, "sub_1", "active", END, NEXT, END))
    assert [event.plan for event in begun if isinstance(event, SubscriptionChanged)] == ["growth"]


def test_a_refusal_by_the_bank_changes_nothing_and_another_try_is_free() -> None:
    ordered = after(RUNNING, asked("change_plan", SCALE))
    rejected, settled = when(ordered, RefuseChange(USER, "card_declined", "The card was declined."))
    assert isinstance(rejected, SubscriptionChangeRejected)
    assert (rejected.code, rejected.field) == ("card_declined", "change")
    again = when([*ordered, rejected, settled], asked("change_plan", SCALE))
    assert isinstance(again[0], ChangeOrdered)


@pytest.mark.parametrize(
    ("given", "command", "code", "field"),
    [
        ([], asked("cancel_now"), "no_subscription", "change"),
        (after(RUNNING, asked("cancel_now"), made("canceled")), asked("resume"), "no_subscription", "change"),
        (after(RUNNING, asked("cancel_now")), asked("resume"), "change_in_progress", "change"),
        (RUNNING, asked("resume"), "not_cancelling", "change"),
        (
            after(RUNNING, asked("cancel_at_period_end"), made(cancels_at=END)),
            asked("cancel_at_period_end"),
            "already_cancelling",
            "change",
        ),
        (RUNNING, asked("change_plan"), "unknown_plan", "plan"),
        (RUNNING, asked("change_plan", GROWTH), "same_plan", "plan"),
        (after(RUNNING, asked("change_plan", STARTER), made()), asked("change_plan", STARTER), "same_plan", "plan"),
        (running("past_due"), asked("change_plan", SCALE), "payment_overdue", "plan"),
        (RUNNING, asked("change_plan", STARTER, 7), "too_many_channels", "plan"),
        (
            after(RUNNING, asked("change_plan", by_the_year(GROWTH)), made()),
            asked("change_plan", GROWTH),
            "paid_by_the_year",
            "interval",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    given: list[Event], command: RequestChange, code: str, field: str
) -> None:
    (rejected,) = when(given, command)
    assert isinstance(rejected, SubscriptionChangeRejected)
    assert (rejected.code, rejected.field) == (code, field)
    assert rejected.message.endswith(".")


def test_an_outcome_without_an_order_records_nothing() -> None:
    assert when(RUNNING, made()) == []
    assert when(RUNNING, RefuseChange(USER, "card_declined", "The card was declined.")) == []


def test_who_cancels_an_overdue_subscription_is_not_charged_again() -> None:
    late = [*RUNNING, *when(RUNNING, domain.Observe(USER, "sub_1", "past_due", NOW, END, NOW))]
    (ordered,) = when(late, asked("cancel_at_period_end"))
    assert isinstance(ordered, ChangeOrdered)
    assert ordered.change == "cancel_now"


def test_a_change_that_hears_of_a_failure_first_does_not_swallow_it() -> None:
    changed = after(RUNNING, asked("cancel_at_period_end"), made("past_due", END))
    told = when(changed, domain.Observe(USER, "sub_1", "past_due", NOW, END, NOW, END))
    assert [type(e) for e in told] == [SubscriptionChanged, SubscriptionPastDue]
    paid = after([*changed, *told], asked("resume"), made("active"))
    assert sum(isinstance(e, SubscriptionRecovered) for e in paid) == 1


def test_a_larger_plan_is_not_prorated_against_a_smaller_one_that_waits() -> None:
    waiting = after(RUNNING, asked("change_plan", STARTER), made())
    (refused,) = when(waiting, asked("change_plan", SCALE))
    assert isinstance(refused, SubscriptionChangeRejected)
    assert refused.code == "change_waits"
    back = after(waiting, asked("change_plan", GROWTH), made())
    assert isinstance(when(back, asked("change_plan", SCALE))[0], ChangeOrdered)


def test_a_trial_does_not_lend_itself_to_a_plan_without_one() -> None:
    untried = SCALE.model_copy(update={"trial_days": 0})
    (refused,) = when(running("trialing"), asked("change_plan", untried))
    assert isinstance(refused, SubscriptionChangeRejected)
    assert refused.code == "plan_without_trial"


def test_a_preview_says_when_and_for_how_much_and_orders_nothing() -> None:
    due = Money.parse("100", "USD")
    (now,) = when(RUNNING, PreviewChange(USER, SCALE, 0, due, NOW))
    (later,) = when(RUNNING, PreviewChange(USER, STARTER, 0, Money.zero(), NOW))
    assert isinstance(now, PlanChangePreviewed)
    assert isinstance(later, PlanChangePreviewed)
    assert (now.due_now, now.begins_at, later.begins_at) == (due, NOW, END)
    (refused,) = when(RUNNING, PreviewChange(USER, None, 0, due, NOW))
    assert isinstance(refused, PlanChangePreviewRejected)
    assert when([*RUNNING, now], asked("change_plan", SCALE)) == when(RUNNING, asked("change_plan", SCALE))
