"""One account's subscription: what was chosen, ordered, started, and what it entitles to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ytempire.billing.domain.events import PlanNoted, SubscriptionOrdered, ZoneNoted
from ytempire.events import Event, Money
from ytempire.events.billing import (
    CustomerCreated,
    EntitlementsChanged,
    InvoicePaid,
    PaymentFailed,
    PaymentSetupRejected,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPastDue,
    SubscriptionStarted,
    TrialEnding,
)
from ytempire.events.values import Sealed
from ytempire.eventstore import Decider

ENTITLING = frozenset({"trialing", "active", "past_due"})
"""Stripe states in which the customer may work; past_due while dunning still tries."""
ENDED = frozenset({"canceled", "incomplete_expired"})
"""Stripe states that are never left: the account may order anew."""

ORDER_REFUSALS = frozenset({"plan_missing", "already_subscribed", "payment_in_progress"})
"""Refusals of a new order; they leave the order in hand alone."""


@dataclass(frozen=True)
class Subscription:
    plan: PlanNoted | None = None
    """The plan chosen last."""
    timezone: str = "UTC"
    ordered: PlanNoted | None = None
    """The plan of the order in hand."""
    subscribed: PlanNoted | None = None
    """The plan that is paid for; a later choice does not change it."""
    customer_id: str | None = None
    subscription_id: str | None = None
    status: str | None = None
    period_end: datetime | None = None
    active: bool = False
    channels: int = 0
    videos_per_day: int = 0
    entitled_plan: str | None = None
    invoices: frozenset[str] = frozenset()

    @property
    def running(self) -> bool:
        """Whether there is a subscription that can still go on."""
        return self.subscription_id is not None and self.status not in ENDED


@dataclass(frozen=True)
class NotePlan:
    noted: PlanNoted


@dataclass(frozen=True)
class NoteZone:
    user_id: str
    timezone: str


@dataclass(frozen=True)
class Order:
    user_id: str
    payment_method_id: str
    sealed: Sealed


@dataclass(frozen=True)
class Start:
    """Stripe made the subscription."""

    user_id: str
    customer_id: str
    subscription_id: str
    status: str
    trial_ends_at: datetime | None
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True)
class RefusePayment:
    user_id: str
    code: str
    message: str


@dataclass(frozen=True)
class Observe:
    """What Stripe says the subscription is now."""

    user_id: str
    subscription_id: str
    status: str
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True)
class WarnOfTrialEnd:
    user_id: str
    trial_ends_at: datetime


@dataclass(frozen=True)
class TakeInvoice:
    user_id: str
    invoice_id: str
    net: Money
    tax: Money
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True)
class FailInvoice:
    user_id: str
    invoice_id: str
    code: str


Command = NotePlan | NoteZone | Order | Start | RefusePayment | Observe | WarnOfTrialEnd | TakeInvoice | FailInvoice


def decide(state: Subscription, command: Command) -> Sequence[Event]:
    match command:
        case NotePlan(noted):
            return [noted] if state.plan != noted else []
        case NoteZone(user_id, timezone):
            return [ZoneNoted(user_id=user_id, timezone=timezone)] if timezone != state.timezone else []
        case Order():
            return _order(state, command)
        case Start():
            return _start(state, command)
        case RefusePayment(user_id, code, message):
            return [_refused(user_id, code, "payment_method_id", message)] if state.ordered else []
        case Observe():
            return _observe(state, command)
        case WarnOfTrialEnd(user_id, trial_ends_at):
            return [TrialEnding(user_id=user_id, trial_ends_at=trial_ends_at)]
        case TakeInvoice():
            return _take(state, command)
        case FailInvoice(user_id, invoice_id, code):
            return [PaymentFailed(user_id=user_id, invoice_id=invoice_id, code=code)]


def _order(state: Subscription, command: Order) -> Sequence[Event]:
    if state.plan is None:
        return [_refused(command.user_id, "plan_missing", "plan", "Choose a plan before you set up the payment.")]
    if state.running:
        return [
            _refused(
                command.user_id,
                "already_subscribed",
                "payment_method_id",
                "This account has a subscription already. Change its payment method in the customer portal.",
            )
        ]
    if state.ordered:
        return [
            _refused(
                command.user_id,
                "payment_in_progress",
                "payment_method_id",
                "A payment is being set up at this moment. Wait for its outcome before you try again.",
            )
        ]
    return [
        SubscriptionOrdered(
            user_id=command.user_id,
            plan=state.plan.plan,
            payment_method_id=command.payment_method_id,
            sealed=command.sealed,
        )
    ]


def _refused(user_id: str, code: str, field: str, message: str) -> PaymentSetupRejected:
    return PaymentSetupRejected(user_id=user_id, code=code, field=field, message=message)


def _start(state: Subscription, command: Start) -> Sequence[Event]:
    if state.ordered is None or command.subscription_id == state.subscription_id:
        return []
    created: list[Event] = []
    if not state.customer_id:
        created.append(CustomerCreated(user_id=command.user_id, stripe_customer_id=command.customer_id))
    return [
        *created,
        SubscriptionStarted(
            user_id=command.user_id,
            subscription_id=command.subscription_id,
            plan=state.ordered.plan,
            status=command.status,
            trial_ends_at=command.trial_ends_at,
            period_start=command.period_start,
            period_end=command.period_end,
            interval=state.ordered.interval,
            price=state.ordered.price,
        ),
        _entitlements(command.user_id, state.ordered, command.status in ENTITLING),
    ]


def _entitlements(user_id: str, plan: PlanNoted, active: bool) -> EntitlementsChanged:
    return EntitlementsChanged(
        user_id=user_id,
        plan=plan.plan,
        active=active,
        channels=plan.channels if active else 0,
        videos_per_day=plan.videos_per_day if active else 0,
    )


def _observe(state: Subscription, command: Observe) -> Sequence[Event]:
    if state.subscription_id != command.subscription_id or state.subscribed is None:
        return []
    if (command.status, command.period_end) == (state.status, state.period_end):
        return []
    events: list[Event] = [
        SubscriptionChanged(
            user_id=command.user_id,
            subscription_id=command.subscription_id,
            plan=state.subscribed.plan,
            status=command.status,
            period_start=command.period_start,
            period_end=command.period_end,
        )
    ]
    if command.status != state.status and command.status == "past_due":
        events.append(SubscriptionPastDue(user_id=command.user_id, subscription_id=command.subscription_id))
    if command.status in ENDED and state.running:
        events.append(SubscriptionCancelled(user_id=command.user_id, subscription_id=command.subscription_id))
    active = command.status in ENTITLING
    if active != state.active:
        events.append(_entitlements(command.user_id, state.subscribed, active))
    return events


def _take(state: Subscription, command: TakeInvoice) -> Sequence[Event]:
    if command.invoice_id in state.invoices:
        return []
    return [
        InvoicePaid(
            user_id=command.user_id,
            invoice_id=command.invoice_id,
            net=command.net,
            tax=command.tax,
            period_start=command.period_start,
            period_end=command.period_end,
        )
    ]


def evolve(state: Subscription, event: Event) -> Subscription:
    match event:
        case PlanNoted():
            return replace(state, plan=event)
        case ZoneNoted(timezone=timezone):
            return replace(state, timezone=timezone)
        case SubscriptionOrdered():
            return replace(state, ordered=state.plan)
        case PaymentSetupRejected(code=code):
            return state if code in ORDER_REFUSALS else replace(state, ordered=None)
        case CustomerCreated(stripe_customer_id=customer_id):
            return replace(state, customer_id=customer_id)
        case SubscriptionStarted(subscription_id=subscription_id, status=status, period_end=period_end):
            return replace(
                state,
                subscription_id=subscription_id,
                status=status,
                period_end=period_end,
                subscribed=state.ordered or state.plan,
                ordered=None,
            )
        case SubscriptionChanged(status=status, period_end=period_end):
            return replace(state, status=status, period_end=period_end)
        case EntitlementsChanged():
            return replace(
                state,
                active=event.active,
                channels=event.channels,
                videos_per_day=event.videos_per_day,
                entitled_plan=event.plan,
            )
        case InvoicePaid(invoice_id=invoice_id):
            return replace(state, invoices=state.invoices | {invoice_id})
        case _:
            return state


SUBSCRIPTION: Decider[Subscription, Command] = Decider(Subscription, decide, evolve)


def stream(user_id: str) -> str:
    return f"subscription-{user_id}"
