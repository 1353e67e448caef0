"""Changing a subscription that runs: end it, keep it after all, take another plan.

A dearer plan begins at once, and Stripe charges the rest of the period; a cheaper one begins with the next period,
since what is paid is used up. Only one change is under way at a time: its order is recorded before Stripe is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ytempire.billing.domain.events import ChangeOrdered, ChangeSettled, Terms
from ytempire.billing.domain.pauses import END_PAUSE, MOST_MONTHS, PAUSE, Pause, pause_for, still, taken
from ytempire.billing.domain.state import ENDED, Subscription, entitlements, noted
from ytempire.events import Event, Money
from ytempire.events.billing import (
    PlanChangePreviewed,
    PlanChangePreviewRejected,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionChangeRejected,
    SubscriptionRecovered,
    SubscriptionResumed,
)

Fault = tuple[str, str, str]
"""Code, field and sentence."""
CANCEL_NOW, CANCEL_AT_END, RESUME, CHANGE_PLAN = "cancel_now", "cancel_at_period_end", "resume", "change_plan"


@dataclass(frozen=True)
class RequestChange:
    user_id: str
    change: str
    terms: Terms | None
    """The plan wanted, as it is on offer; None if there is none of that name, or none is wanted."""
    channels_held: int
    """How many channels the account has connected."""
    months: int = 0
    """How long a pause is to be."""
    at: datetime = datetime.min


@dataclass(frozen=True)
class PreviewChange:
    user_id: str
    terms: Terms | None
    channels_held: int
    due_now: Money
    at: datetime
    net: Money | None = None
    tax: Money | None = None
    discount: Money | None = None
    discount_fault: Fault | None = None
    """Why the code that was given cannot be used."""


@dataclass(frozen=True)
class MakeChange:
    """Stripe made the change; what the subscription is now."""

    user_id: str
    status: str
    period_start: datetime
    period_end: datetime
    cancels_at: datetime | None


@dataclass(frozen=True)
class RefuseChange:
    """Stripe refused the change."""

    user_id: str
    code: str
    message: str


def request(state: Subscription, command: RequestChange) -> Sequence[Event]:
    """Order the change, or say why it cannot be."""
    if fault := _fault(state, command):
        code, field, message = fault
        return [SubscriptionChangeRejected(user_id=command.user_id, code=code, field=field, message=message)]
    # a period that is not paid has no end to wait for, and nobody is charged again after a cancellation
    at_once = command.change == CANCEL_AT_END and state.status == "past_due"
    wanted = command.change == PAUSE and state.period_end is not None
    pause = pause_for(command.months, state.period_end) if wanted and state.period_end else None
    return [
        ChangeOrdered(
            user_id=command.user_id,
            change=CANCEL_NOW if at_once else command.change,
            terms=command.terms,
            at_period_end=command.terms is not None and not dearer(state, command.terms),
            pause_begins=pause.begins if pause else None,
            pause_ends=pause.ends if pause else None,
            pause_months=command.months if pause else 0,
            restart=command.change == END_PAUSE and state.paused,
        )
    ]


def make(state: Subscription, command: MakeChange) -> Sequence[Event]:
    """Record what Stripe made of the order in hand."""
    ordered = state.changing
    if ordered is None or state.subscription_id is None or state.subscribed is None:
        return []
    ended = command.status in ENDED
    wanted = noted(ordered.user_id, ordered.terms) if ordered.terms and not ended else None
    # the period may have turned before anybody told
    turned = state.turned(command.period_start)
    current, waiting = (state.next, None) if turned and state.next else (state.subscribed, state.next)
    plan = wanted if wanted and not ordered.at_period_end else current
    following = wanted if wanted and ordered.at_period_end else (None if wanted else waiting)
    pause = None if ended else _pause_after(state, ordered, command)
    skipped = pause is not None and pause.holds(command.period_end)
    events: list[Event] = [
        SubscriptionChanged(
            user_id=command.user_id,
            subscription_id=state.subscription_id,
            plan=plan.plan,
            interval=plan.interval,
            status=command.status,
            period_start=command.period_start,
            period_end=command.period_end,
            cancels_at=command.cancels_at,
            next_plan=following.plan if following and following.plan != plan.plan and not ended else None,
            next_price=None if ended or command.cancels_at or skipped else (following or plan).price,
            pause_begins=pause.begins if pause else None,
            pause_ends=pause.ends if pause else None,
        )
    ]
    if ended and state.running:
        events.append(SubscriptionCancelled(user_id=command.user_id, subscription_id=state.subscription_id))
    if state.overdue and command.status == "active":
        events.append(SubscriptionRecovered(user_id=command.user_id, subscription_id=state.subscription_id))
    paused = pause is not None and pause.holds(command.period_start)
    if state.paused and not paused and not ended:
        events.append(SubscriptionResumed(user_id=command.user_id, subscription_id=state.subscription_id))
    active = state.entitles(command.status) and not paused
    if active != state.active or (active and plan != state.subscribed):
        events.append(entitlements(command.user_id, plan, active))
    return [*events, ChangeSettled(user_id=command.user_id)]


def _pause_after(state: Subscription, ordered: ChangeOrdered, command: MakeChange) -> Pause | None:
    if ordered.change == END_PAUSE:
        return None
    if ordered.change == PAUSE and ordered.pause_begins and ordered.pause_ends:
        wanted = Pause(ordered.pause_begins, ordered.pause_ends, ordered.pause_months)
        return still(wanted, command.period_start, command.period_end)
    return state.pause


def refuse(state: Subscription, command: RefuseChange) -> Sequence[Event]:
    """Say what Stripe said; the subscription stays as it is."""
    if state.changing is None:
        return []
    rejected = SubscriptionChangeRejected(
        user_id=command.user_id, code=command.code, field="change", message=command.message
    )
    return [rejected, ChangeSettled(user_id=command.user_id)]


def preview(state: Subscription, command: PreviewChange) -> Sequence[Event]:
    """What a change would cost, or why it cannot be. Nothing is ordered by it."""
    wanted = RequestChange(command.user_id, CHANGE_PLAN, command.terms, command.channels_held)
    if fault := _fault(state, wanted) or command.discount_fault:
        code, field, message = fault
        return [PlanChangePreviewRejected(user_id=command.user_id, code=code, field=field, message=message)]
    terms, end = command.terms, state.period_end
    if terms is None or end is None:
        return []
    return [
        PlanChangePreviewed(
            user_id=command.user_id,
            plan=terms.plan,
            interval=terms.interval,
            due_now=command.due_now,
            begins_at=command.at if dearer(state, terms) else end,
            price=terms.price,
            net=command.net,
            tax=command.tax,
            discount=command.discount,
        )
    ]


def _fault(state: Subscription, command: RequestChange) -> Fault | None:
    if not state.running:
        return (
            "no_subscription",
            "change",
            "There is no subscription that runs. Choose a plan and set up the payment first.",
        )
    if state.busy:
        return "change_in_progress", "change", "Another change is being made. Wait for its outcome and try again."
    if command.change == CANCEL_AT_END and state.cancels_at is not None:
        message = f"The subscription ends on {state.cancels_at:%d %B %Y} already. Resume it if you want to keep it."
        return "already_cancelling", "change", message
    if command.change == RESUME and state.cancels_at is None:
        return "not_cancelling", "change", "The subscription was not cancelled: it goes on by itself."
    if state.pause is not None and command.change in (CANCEL_AT_END, CHANGE_PLAN):
        text = f"The subscription is paused, or will be, until {state.pause.ends:%d %B %Y}. End the pause first."
        return "paused", "change", text
    if command.change == PAUSE:
        return _pause_fault(state, command)
    if command.change == END_PAUSE and state.pause is None:
        return "not_paused", "change", "The subscription is not paused: it goes on by itself."
    return _plan_fault(state, command) if command.change == CHANGE_PLAN else None


def _pause_fault(state: Subscription, command: RequestChange) -> Fault | None:
    """A pause is for who pays by the month, owes nothing, and asked for nothing else that waits."""
    if state.pause is not None:
        text = f"A pause until {state.pause.ends:%d %B %Y} is set already. End it before you ask for another one."
        return "already_paused", "change", text
    if state.status == "trialing":
        return "in_trial", "change", "A trial cannot be paused. Wait for its end, or cancel now: nothing is charged."
    if state.status != "active":
        return "payment_overdue", "change", "An invoice is overdue. Pay it before you pause."
    if state.cancels_at is not None:
        text = f"The subscription ends on {state.cancels_at:%d %B %Y}. Resume it if you want to pause it instead."
        return "already_cancelling", "change", text
    if state.next is not None:
        text = f"The change to the {state.next.plan} plan waits for the next period. Take it back before you pause."
        return "change_waits", "change", text
    if state.subscribed and state.subscribed.interval == "year":
        return "paid_by_the_year", "change", "What is paid by the year cannot be paused. Cancel it for its end."
    left = MOST_MONTHS - taken(state.pauses, command.at)
    if command.months > left:
        text = f"At most {MOST_MONTHS} months in twelve can be paused, and {left} are left. Ask for fewer, or cancel."
        return "pause_limit", "months", text
    return None


def _plan_fault(state: Subscription, command: RequestChange) -> Fault | None:
    terms = command.terms
    if terms is None:
        return "unknown_plan", "plan", "There is no plan of this name. Choose one of the price list."
    now = state.next or state.subscribed
    if now and (terms.plan, terms.interval) == (now.plan, now.interval):
        return "same_plan", "plan", f"The subscription is on the {terms.plan} plan already. Choose another one."
    if now and (now.interval, terms.interval) == ("year", "month"):
        text = "A subscription that is paid by the year cannot change to months before its end. Cancel it for then."
        return "paid_by_the_year", "interval", text
    if state.status == "trialing" and not terms.trial_days:
        text = f"The {terms.plan} plan has no trial. Change to it when your trial is over, or cancel and order it."
        return "plan_without_trial", "plan", text
    if state.next and state.subscribed and dearer(state, terms):
        text = f"The change to the {state.next.plan} plan waits for the next period. Take it back by choosing"
        return "change_waits", "plan", f"{text} the {state.subscribed.plan} plan, then change to {terms.plan}."
    if state.status == "past_due":
        return "payment_overdue", "plan", "An invoice is overdue. Pay it before you change the plan."
    if command.channels_held > terms.channels:
        spare = command.channels_held - terms.channels
        text = f"The {terms.plan} plan has {terms.channels} channels and {command.channels_held} are connected."
        return "too_many_channels", "plan", f"{text} Disconnect {spare} before you change to it."
    return None


def dearer(state: Subscription, terms: Terms) -> bool:
    """Whether more is paid at a time: a larger plan, or the same one by the year."""
    return state.subscribed is not None and terms.price.micros > state.subscribed.price.micros
