"""A life of one account with Stripe beside it, drawn step by step: whatever is asked, whatever fails and in which order
notices come, what must hold holds after every step.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ytempire.billing.domain import changes, discounts, tax
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.discounts import Discount
from ytempire.billing.domain.disputes import Outcome, TakeDispute
from ytempire.billing.domain.events import GraceEnded, PlanNoted, Terms
from ytempire.billing.domain.pauses import BEFORE_THE_END
from ytempire.billing.domain.state import ENDED, Subscription, evolve
from ytempire.billing.domain.vat import Taxation
from ytempire.events import Event, Money
from ytempire.events.billing import (
    DisputeClosed,
    DisputeOpened,
    EntitlementsChanged,
    SubscriptionCancelled,
    SubscriptionPaused,
    SubscriptionResumed,
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
CODE = Discount("CODE", NOW - timedelta(days=1), percent="20", months=3)
OTHER = Discount("OTHER", NOW - timedelta(days=1), percent="10", forever=True)
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
    paused_until: datetime | None = None
    """Until then invoices are left void."""
    void: bool = False
    """Whether nobody paid for the present period, because it is paused."""

    @property
    def period(self) -> tuple[datetime, datetime]:
        return NOW + timedelta(days=30 * self.month), NOW + timedelta(days=30 * (self.month + 1))

    @property
    def cancels_at(self) -> datetime | None:
        return self.period[1] if self.cancels and self.status not in ENDED else None

    @property
    def paused(self) -> bool:
        return self.paused_until is not None and self.period[0] < self.paused_until

    def turn(self) -> None:
        self.month += 1
        self.void = self.paused

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

    @rule(months=st.integers(1, 3))
    def ask_for_a_pause(self, months: int) -> None:
        self._do(changes.RequestChange(USER, "pause", None, 0, months, NOW))

    @rule()
    def ask_for_the_end_of_the_pause(self) -> None:
        self._do(changes.RequestChange(USER, "end_pause", None, 0))

    @rule(country=st.sampled_from(["DE", "FR", "JP"]))
    def say_where_they_are(self, country: str) -> None:
        self._do(tax.RequestTax(USER, country, "", SEALED))

    @precondition(lambda self: self.state.taxing is not None)
    @rule(refused=st.booleans())
    def stripe_answers_about_the_tax(self, refused: bool) -> None:
        ordered = self.state.taxing
        assert ordered is not None
        if refused:
            self._do(tax.RefuseTax(USER, "vat_id_refused", "vat_id", "Correct it."))
        else:
            self._do(tax.MakeTax(USER, "cus_1", "none", Taxation(ordered.country, "vat", "20")))

    @rule(code=st.sampled_from([CODE, OTHER]))
    def ask_for_a_discount(self, code: Discount) -> None:
        self._do(discounts.RequestDiscount(USER, code, NOW))

    @precondition(lambda self: self.state.discounting is not None)
    @rule(refused=st.booleans())
    def stripe_answers_about_the_discount(self, refused: bool) -> None:
        ordered = self.state.discounting
        assert ordered is not None
        code = CODE if ordered.code == CODE.code else OTHER
        given: domain.Command = discounts.MakeDiscount(USER, code)
        self._do(discounts.RefuseDiscount(USER, "discount_used_up", "Use another.") if refused else given)

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
        elif ordered.change == "pause" and ordered.pause_ends is not None:
            now.paused_until = ordered.pause_ends - BEFORE_THE_END if now.runs else None
        elif ordered.change == "end_pause":
            now.paused_until = None
            if ordered.restart and now.runs:
                now.turn()
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
            now.turn()
            now.status = "active" if paid or now.void else "past_due"
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
        paused = now.paused_until is not None
        self._do(domain.Observe(USER, now.id, now.status, *now.period, NOW, now.cancels_at, paused=paused))

    @invariant()
    def one_runs_at_most(self) -> None:
        assert sum(each.runs for each in self.stripe) <= 1

    @invariant()
    def what_may_be_done_is_the_plan_s(self) -> None:
        state = self.state
        entitled = state.status is not None and state.entitles(state.status) and not state.paused
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
    def nobody_works_in_a_period_that_is_paused_and_pauses_are_told_in_turn(self) -> None:
        if self.stripe and self.state.changing is None and self._newest.runs:
            assert self.state.paused == self._newest.void
        if self.state.paused:
            assert not self.state.active
            assert self.state.cancels_at is None
            assert self.state.next is None
        told = [type(event) for event in self.log if isinstance(event, SubscriptionPaused | SubscriptionResumed)]
        assert all(a is not b for a, b in pairwise(told) if b is SubscriptionResumed)

    @invariant()
    def one_thing_is_with_stripe_at_a_time(self) -> None:
        state = self.state
        in_hand = [each for each in (state.ordered, state.changing, state.taxing, state.discounting) if each]
        assert len(in_hand) <= 1

    @invariant()
    def an_end_is_told_once(self) -> None:
        ended = [event.subscription_id for event in self.log if isinstance(event, SubscriptionCancelled)]
        started = [event.subscription_id for event in self.log if isinstance(event, SubscriptionStarted)]
        assert len(ended) == len(set(ended))
        assert set(ended) <= set(started)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None)
