"""A life of one account with Stripe beside it, drawn step by step: whatever is asked, whatever fails and in which order
notices come, what must hold holds after every step.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ytempire.billing.domain import changes
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.disputes import Outcome, TakeDispute
from ytempire.billing.domain.events import GraceEnded, PlanNoted, Terms
from ytempire.billing.domain.state import ENDED, Subscription, evolve
from ytempire.events import Event, Money
from ytempire.events.billing import (
    DisputeClosed,
    DisputeOpened,
    EntitlementsChanged,
    SubscriptionCancelled,
    SubscriptionStarted,
)
from ytempire.events.values import Sealed
from ytempire.eventstore import derived_id

HISTORIES, STEPS = int(os.environ.get("YTEMPIRE_HISTORIES", "500")), 25
USER = derived_id("user")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SEALED = Sealed(recipient="billing", key_id="k", ciphertext="c", expires_at=NOW)
PLANS = {
    (name, interval): Terms(
        plan=name,
        price=Money.parse(usd * times, "USD"),
        channels=channels,
        videos_per_day=videos,
        trial_days=7,
        interval=interval,
    )
    for name, usd, channels, videos in (("starter", 97, 5, 15), ("growth", 297, 10, 30), ("scale", 797, 25, 75))
    for interval, times in (("month", 1), ("year", 10))
}
Sold = tuple[str, str]
"""A plan and how long a payment lasts."""
ALL = st.sampled_from(sorted(PLANS))


@dataclass
class AtStripe:
    """A subscription as Stripe has it."""

    id: str
    status: str
    month: int = 0
    cancels: bool = False
    price: Sold = ("", "")
    """What the next invoice is for."""

    @property
    def period(self) -> tuple[datetime, datetime]:
        return NOW + timedelta(days=30 * self.month), NOW + timedelta(days=30 * (self.month + 1))

    @property
    def cancels_at(self) -> datetime | None:
        return self.period[1] if self.cancels and self.status not in ENDED else None

    @property
    def runs(self) -> bool:
        return self.status not in ENDED


class Life(RuleBasedStateMachine):
    """Commands as the features give them; a notice is always of what Stripe has now."""

    def __init__(self) -> None:
        super().__init__()
        self.state = Subscription()
        self.stripe: list[AtStripe] = []
        self.log: list[Event] = []
        self.disputes: dict[int, Outcome] = {}

    def _do(self, command: domain.Command) -> None:
        events = domain.decide(self.state, command)
        for event in events:
            self.state = evolve(self.state, event)
        self.log += events

    @property
    def _newest(self) -> AtStripe:
        return self.stripe[-1]

    @rule(plan=ALL)
    def choose(self, plan: Sold) -> None:
        self._do(domain.NotePlan(PlanNoted(user_id=USER, **dict(PLANS[plan]))))

    @rule()
    def order(self) -> None:
        self._do(domain.Order(USER, "pm_1", SEALED))

    @precondition(lambda self: self.state.ordered is not None)
    @rule(trial=st.booleans())
    def stripe_makes_it(self, trial: bool) -> None:
        ordered = self.state.ordered
        plan = (ordered.plan, ordered.interval) if ordered else ("", "")
        made = AtStripe(f"sub_{len(self.stripe)}", "trialing" if trial else "active", price=plan)
        self.stripe.append(made)
        self._do(domain.Start(USER, "cus_1", made.id, made.status, None, *made.period))

    @precondition(lambda self: self.state.ordered is not None)
    @rule()
    def stripe_refuses_the_card(self) -> None:
        self._do(domain.RefusePayment(USER, "card_declined", "The card was declined."))

    @rule(change=st.sampled_from(["cancel_now", "cancel_at_period_end", "resume"]))
    def ask(self, change: str) -> None:
        self._do(changes.RequestChange(USER, change, None, 0))

    @rule(plan=ALL, channels=st.integers(0, 12))
    def ask_for_a_plan(self, plan: Sold, channels: int) -> None:
        self._do(changes.RequestChange(USER, "change_plan", PLANS[plan], channels))

    @precondition(lambda self: self.state.changing is not None)
    @rule(noticed_first=st.booleans())
    def stripe_changes_it(self, noticed_first: bool) -> None:
        ordered, now = self.state.changing, self._newest
        assert ordered is not None
        if ordered.change == "cancel_now":
            now.status = "canceled"
        elif ordered.terms is not None:
            now.price = (ordered.terms.plan, ordered.terms.interval)
        elif now.runs:
            now.cancels = ordered.change == "cancel_at_period_end"
        if noticed_first:
            self._notice(now)
        self._do(changes.MakeChange(USER, now.status, *now.period, now.cancels_at))

    @precondition(lambda self: self.state.changing is not None)
    @rule()
    def stripe_refuses_the_change(self) -> None:
        self._do(changes.RefuseChange(USER, "card_declined", "The card was declined."))

    @precondition(lambda self: bool(self.stripe) and self._newest.runs)
    @rule(paid=st.booleans())
    def a_month_turns(self, paid: bool) -> None:
        now = self._newest
        if now.cancels:
            now.status = "canceled"
        else:
            now.month += 1
            now.status = "active" if paid else "past_due"
        self._notice(now)

    @precondition(lambda self: bool(self.stripe) and self._newest.status == "past_due")
    @rule(recovered=st.booleans())
    def dunning_ends(self, recovered: bool) -> None:
        self._newest.status = "active" if recovered else "canceled"
        self._notice(self._newest)

    @precondition(lambda self: self.state.overdue)
    @rule()
    def the_days_of_grace_end(self) -> None:
        subscription_id = self._newest.id
        self.state = evolve(self.state, GraceEnded(user_id=USER, subscription_id=subscription_id))
        self._do(domain.EndGrace(USER, subscription_id))

    @precondition(lambda self: bool(self.stripe))
    @rule(number=st.integers(0, 2), outcome=st.sampled_from(["open", "won", "lost"]))
    def a_bank_takes_a_payment_back(self, number: int, outcome: Outcome) -> None:
        # what is decided stays decided
        outcome = self.disputes[number] if self.disputes.get(number, "open") != "open" else outcome
        self.disputes[number] = outcome
        self._do(TakeDispute(USER, f"dp_{number}", "in_1", Money.parse(97, "USD"), outcome))

    @precondition(lambda self: bool(self.stripe))
    @rule(which=st.integers(0, 5))
    def a_late_notice(self, which: int) -> None:
        self._notice(self.stripe[which % len(self.stripe)])

    def _notice(self, now: AtStripe) -> None:
        self._do(domain.Observe(USER, now.id, now.status, *now.period, NOW, now.cancels_at))

    @invariant()
    def one_runs_at_most(self) -> None:
        assert sum(each.runs for each in self.stripe) <= 1

    @invariant()
    def what_may_be_done_is_the_plan_s(self) -> None:
        state = self.state
        entitled = state.status is not None and state.entitles(state.status)
        told = [event for event in self.log if isinstance(event, EntitlementsChanged)]
        assert (told[-1].active if told else False) == entitled
        if entitled and state.subscribed:
            plan = state.subscribed
            assert (told[-1].plan, told[-1].channels, told[-1].videos_per_day) == (
                plan.plan,
                plan.channels,
                plan.videos_per_day,
            )

    @invariant()
    def the_log_says_what_stripe_has(self) -> None:
        if self.stripe and self.state.changing is None:
            now = self._newest
            assert (self.state.subscription_id, self.state.status) == (now.id, now.status)
            if now.runs and self.state.subscribed is not None:
                sold = self.state.next or self.state.subscribed
                assert (sold.plan, sold.interval) == now.price

    @invariant()
    def each_dispute_is_told_once_and_stops_new_work_while_it_is_open(self) -> None:
        opened = [event.dispute_id for event in self.log if isinstance(event, DisputeOpened)]
        closed = [event.dispute_id for event in self.log if isinstance(event, DisputeClosed)]
        assert sorted(opened) == sorted(f"dp_{number}" for number in self.disputes)
        assert sorted(closed) == sorted(f"dp_{number}" for number, how in self.disputes.items() if how != "open")
        if "open" in self.disputes.values():
            assert not self.state.active

    @invariant()
    def an_end_is_told_once(self) -> None:
        ended = [event.subscription_id for event in self.log if isinstance(event, SubscriptionCancelled)]
        started = [event.subscription_id for event in self.log if isinstance(event, SubscriptionStarted)]
        assert len(ended) == len(set(ended))
        assert set(ended) <= set(started)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None)
