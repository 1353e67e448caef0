"""What is so of one account's subscription, folded from its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ytempire.billing.domain.events import (
    ChangeOrdered,
    ChangeSettled,
    DiscountOrdered,
    GraceEnded,
    PlanNoted,
    SubscriptionOrdered,
    TaxOrdered,
    Terms,
    ZoneNoted,
)
from ytempire.billing.domain.pauses import Pause
from ytempire.billing.domain.zone import Zone
from ytempire.events import Event
from ytempire.events.billing import (
    CustomerCreated,
    DiscountEnded,
    DiscountGranted,
    DiscountRejected,
    DisputeClosed,
    DisputeOpened,
    EntitlementsChanged,
    InvoicePaid,
    PaymentFailed,
    PaymentSetupRejected,
    RefundIssued,
    SubscriptionChanged,
    SubscriptionPastDue,
    SubscriptionStarted,
    TaxChanged,
    TaxChangeRejected,
)

ENTITLING = frozenset({"trialing", "active", "past_due"})
"""Stripe states in which the customer may work; past_due in its days of grace alone."""
ENDED = frozenset({"canceled", "incomplete_expired"})
"""Stripe states that are never left: the account may order anew."""

BUSY = "change_in_progress"
"""The refusal of what is asked for while something else is with the payment provider."""

ORDER_REFUSALS = frozenset({"plan_missing", "already_subscribed", "payment_in_progress"})
"""Refusals of a new order; they leave the order in hand alone."""


@dataclass(frozen=True)
class Subscription:
    plan: PlanNoted | None = None
    """The plan chosen last."""
    zone: Zone = field(default_factory=Zone)
    zoned: bool = False
    """Whether a zone was ever chosen."""
    ordered: PlanNoted | None = None
    """The plan of the order in hand."""
    subscribed: PlanNoted | None = None
    """The plan that is paid for; a later choice does not change it."""
    trialed: bool = False
    """Whether the account had its trial."""
    customer_id: str | None = None
    subscription_id: str | None = None
    status: str | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    active: bool = False
    channels: int = 0
    videos_per_day: int = 0
    entitled_plan: str | None = None
    invoices: frozenset[str] = frozenset()
    refunds: frozenset[str] = frozenset()
    failures: frozenset[tuple[str, int]] = frozenset()
    """Which tries of which invoices failed."""
    overdue: bool = False
    """Whether it was told that an invoice is overdue."""
    grace_over: bool = False
    """The invoice is overdue for so long that nothing new is begun."""
    next: PlanNoted | None = None
    """The plan of the next period, where that is another one."""
    cancels_at: datetime | None = None
    pause: Pause | None = None
    """The pause that is to come, or holds."""
    pauses: tuple[Pause, ...] = ()
    """Every pause that was ordered and not taken back before it began."""
    changing: ChangeOrdered | None = None
    """The change that Stripe was asked for and has not answered yet."""
    tax: TaxChanged | None = None
    """How invoices are taxed; without it nobody said where the customer is."""
    taxing: TaxOrdered | None = None
    """What Stripe was told of the customer's tax and has not answered yet."""
    discount: DiscountGranted | None = None
    """What is taken off the invoices to come."""
    discounting: DiscountOrdered | None = None
    """The discount that Stripe was asked for and has not answered yet."""
    codes: frozenset[str] = frozenset()
    """Every code that the account ever used."""
    disputes: Mapping[str, bool] = field(default_factory=dict)
    """Payments that a bank took back, and whether it has yet to decide."""
    lost_dispute: bool = False
    """A bank decided for the holder: the subscription ends."""

    @property
    def busy(self) -> bool:
        """Whether something is with Stripe that must be answered before anything else is asked."""
        return any((self.ordered, self.changing, self.taxing, self.discounting))

    @property
    def disputed(self) -> bool:
        """Whether nothing new is begun because of a payment that was taken back."""
        return self.lost_dispute or any(self.disputes.values())

    @property
    def running(self) -> bool:
        """Whether there is a subscription that can still go on."""
        return self.subscription_id is not None and self.status not in ENDED

    @property
    def suspended(self) -> bool:
        """Whether it would go on if the overdue invoice were paid."""
        return self.status == "past_due" and self.grace_over

    def turned(self, period_start: datetime) -> bool:
        """Whether a period has begun for which another plan waited."""
        return self.next is not None and self.period_end is not None and period_start >= self.period_end

    @property
    def paused(self) -> bool:
        """Whether the present period is neither paid nor worked in."""
        return self.running and self.pause is not None and self.pause.holds(self.period_start)

    def entitles(self, status: str) -> bool:
        """Whether the customer may work once Stripe says this of the subscription."""
        return status in ENTITLING and not (status == "past_due" and self.grace_over) and not self.disputed


def evolve(state: Subscription, event: Event) -> Subscription:
    match event:
        case PlanNoted():
            return replace(state, plan=event)
        case ZoneNoted(timezone=timezone, held=None):
            return replace(state, zone=Zone(timezone), zoned=True)
        case ZoneNoted(timezone=timezone, held=str() as held):
            return replace(state, zone=Zone(held, timezone, event.begins, event.day))
        case SubscriptionOrdered():
            return replace(state, ordered=state.plan)
        case PaymentSetupRejected(code=code):
            return state if code in ORDER_REFUSALS else replace(state, ordered=None)
        case CustomerCreated(stripe_customer_id=customer_id):
            return replace(state, customer_id=customer_id)
        case SubscriptionStarted():
            return replace(
                state,
                subscription_id=event.subscription_id,
                status=event.status,
                period_start=event.period_start,
                period_end=event.period_end,
                pause=None,
                trialed=state.trialed or event.trial_ends_at is not None,
                subscribed=state.ordered or state.plan,
                ordered=None,
                next=None,
                cancels_at=None,
                discount=None,
                lost_dispute=False,
            )
        case SubscriptionChanged():
            return _changed(state, event)
        case ChangeOrdered():
            return replace(state, changing=event)
        case ChangeSettled():
            return replace(state, changing=None)
        case TaxOrdered():
            return replace(state, taxing=event)
        case TaxChanged():
            return replace(state, tax=event, taxing=None)
        case TaxChangeRejected(code=code):
            return state if code == BUSY else replace(state, taxing=None)
        case DiscountOrdered():
            return replace(state, discounting=event)
        case DiscountGranted(code=code):
            return replace(state, discount=event, discounting=None, codes=state.codes | {code})
        case DiscountRejected():
            # a request that was refused ordered nothing, and while an order is in hand every other is refused as busy
            return state if event.code == BUSY else replace(state, discounting=None)
        case DiscountEnded():
            return replace(state, discount=None)
        case GraceEnded(subscription_id=subscription_id):
            overdue = state.status == "past_due" and state.subscription_id == subscription_id
            return replace(state, grace_over=overdue)
        case SubscriptionPastDue():
            return replace(state, overdue=True)
        case PaymentFailed(invoice_id=invoice_id, attempt=attempt):
            return replace(state, failures=state.failures | {(invoice_id, attempt)})
        case RefundIssued(refund_id=refund_id):
            return replace(state, refunds=state.refunds | {refund_id})
        case EntitlementsChanged():
            return replace(
                state,
                active=event.active,
                channels=event.channels,
                videos_per_day=event.videos_per_day,
                entitled_plan=event.plan,
            )
        case DisputeOpened(dispute_id=dispute_id):
            return replace(state, disputes={**state.disputes, dispute_id: True})
        case DisputeClosed(dispute_id=dispute_id, won=won):
            return replace(
                state, disputes={**state.disputes, dispute_id: False}, lost_dispute=state.lost_dispute or not won
            )
        case InvoicePaid(invoice_id=invoice_id):
            return replace(state, invoices=state.invoices | {invoice_id})
        case _:
            return state


def _changed(state: Subscription, event: SubscriptionChanged) -> Subscription:
    known = [plan for plan in (state.subscribed, state.next, _wanted(state)) if plan is not None]
    # a plan by the month and by the year are two: a notice while Stripe is asked must not make the wanted one come true
    sold = {(plan.plan, plan.interval): plan for plan in known}
    pause, pauses = _pauses(state, event)
    return replace(
        state,
        status=event.status,
        period_start=event.period_start,
        period_end=event.period_end,
        pause=pause,
        pauses=pauses,
        cancels_at=event.cancels_at,
        subscribed=sold.get((event.plan, event.interval), state.subscribed),
        next=sold.get((event.next_plan or "", event.interval)),
        overdue=state.overdue and event.status == "past_due",
        grace_over=state.grace_over and event.status == "past_due",
    )


def _pauses(state: Subscription, event: SubscriptionChanged) -> tuple[Pause | None, tuple[Pause, ...]]:
    """The pause after a change, and all of them: one that never began is not counted."""
    begins, ends = event.pause_begins, event.pause_ends
    if begins is None or ends is None:
        unused = state.pause is not None and state.pause.begins > event.period_start
        return None, state.pauses[:-1] if unused else state.pauses
    if state.pause is not None:
        return state.pause, state.pauses
    months = state.changing.pause_months if state.changing else 0
    pause = Pause(begins, ends, months)
    return pause, (*state.pauses, pause)


def _wanted(state: Subscription) -> PlanNoted | None:
    """The plan that Stripe was asked to change to."""
    ordered = state.changing
    return None if ordered is None or ordered.terms is None else noted(ordered.user_id, ordered.terms)


def noted(user_id: str, terms: Terms) -> PlanNoted:
    return PlanNoted(user_id=user_id, **dict(terms))


def entitlements(user_id: str, plan: PlanNoted, active: bool) -> EntitlementsChanged:
    """What an account may do under a plan, or, inactive, under none."""
    return EntitlementsChanged(
        user_id=user_id,
        plan=plan.plan,
        active=active,
        channels=plan.channels if active else 0,
        videos_per_day=plan.videos_per_day if active else 0,
    )
