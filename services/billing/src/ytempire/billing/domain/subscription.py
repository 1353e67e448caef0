"""One account's subscription: what was chosen, ordered, started, and what it entitles to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from ytempire.billing.domain import changes, discounts, disputes, tax
from ytempire.billing.domain.card import Card
from ytempire.billing.domain.changes import MakeChange, PreviewChange, RefuseChange, RequestChange
from ytempire.billing.domain.events import GraceEnded, PlanNoted, SubscriptionOrdered, ZoneNoted
from ytempire.billing.domain.pauses import left
from ytempire.billing.domain.state import ENDED, Subscription, entitlements, evolve
from ytempire.events import Event, Money
from ytempire.events.billing import (
    CustomerCreated,
    DiscountEnded,
    InvoicePaid,
    PaymentFailed,
    PaymentSetupRejected,
    RefundIssued,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPastDue,
    SubscriptionPaused,
    SubscriptionRecovered,
    SubscriptionResumed,
    SubscriptionStarted,
    TrialEnding,
)
from ytempire.events.values import Sealed
from ytempire.eventstore import Decider, Timer

GRACE = timedelta(days=7)
"""How long work goes on with an overdue invoice. Stripe tries for longer; until it gives up, all stays readable."""

NoTrial = Literal["account_had_trial", "card_had_trial"]
"""Why a subscription begins without the trial of its plan."""


@dataclass(frozen=True)
class NotePlan:
    noted: PlanNoted


@dataclass(frozen=True)
class NoteZone:
    user_id: str
    timezone: str
    at: datetime


@dataclass(frozen=True)
class Order:
    user_id: str
    payment_method_id: str
    sealed: Sealed
    discount: discounts.Discount | None = None
    coded: bool = False
    """Whether a code was given."""
    at: datetime = datetime.min


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
    no_trial: NoTrial | None = None
    card: Card | None = None
    """What is charged."""
    discount: discounts.Discount | None = None
    """What is taken off."""


@dataclass(frozen=True)
class RefusePayment:
    user_id: str
    code: str
    message: str
    field: str = "payment_method_id"


@dataclass(frozen=True)
class Observe:
    """What Stripe says the subscription is now."""

    user_id: str
    subscription_id: str
    status: str
    period_start: datetime
    period_end: datetime
    at: datetime
    """When Stripe said so."""
    cancels_at: datetime | None = None
    discounted: bool = True
    """Whether something is still taken off."""
    paused: bool = True
    """Whether a pause that is known still keeps invoices from being collected."""


@dataclass(frozen=True)
class EndGrace:
    user_id: str
    subscription_id: str


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
    tax_percent: str = "0"
    reverse_charge: bool = False
    receipt: Sealed | None = None
    """What a receipt shows of the customer, sealed to who writes it."""


@dataclass(frozen=True)
class FailInvoice:
    user_id: str
    invoice_id: str
    code: str
    attempt: int
    next_attempt_at: datetime | None


@dataclass(frozen=True)
class TakeRefund:
    user_id: str
    invoice_id: str
    refund_id: str
    amount: Money


Command = (
    NotePlan
    | NoteZone
    | Order
    | Start
    | RefusePayment
    | Observe
    | EndGrace
    | WarnOfTrialEnd
    | TakeInvoice
    | FailInvoice
    | TakeRefund
    | RequestChange
    | PreviewChange
    | MakeChange
    | RefuseChange
    | disputes.TakeDispute
    | tax.TaxCommand
    | discounts.DiscountCommand
)


def decide(state: Subscription, command: Command) -> Sequence[Event]:
    match command:
        case NotePlan(noted):
            return [noted] if state.plan != noted else []
        case NoteZone():
            return _zone(state, command)
        case Order():
            return _order(state, command)
        case Start():
            return _start(state, command)
        case RefusePayment(user_id, code, message, field):
            return [_refused(user_id, code, field, message)] if state.ordered else []
        case Observe():
            return _observe(state, command)
        case EndGrace(user_id, subscription_id):
            ends = state.suspended and state.subscription_id == subscription_id and state.active
            return [entitlements(user_id, state.subscribed, False)] if ends and state.subscribed else []
        case WarnOfTrialEnd(user_id, trial_ends_at):
            return [TrialEnding(user_id=user_id, trial_ends_at=trial_ends_at)]
        case TakeInvoice():
            return _take(state, command)
        case FailInvoice(user_id, invoice_id, code, attempt, next_at):
            tried = PaymentFailed(
                user_id=user_id, invoice_id=invoice_id, code=code, attempt=attempt, next_attempt_at=next_at
            )
            return [tried] if (invoice_id, attempt) not in state.failures else []
        case TakeRefund(user_id, invoice_id, refund_id, amount):
            gone = RefundIssued(user_id=user_id, invoice_id=invoice_id, amount=amount, refund_id=refund_id)
            # whoever was never a customer here has an account elsewhere
            return [gone] if state.customer_id and refund_id not in state.refunds else []
        case RequestChange():
            return changes.request(state, command)
        case PreviewChange():
            return changes.preview(state, command)
        case MakeChange():
            return changes.make(state, command)
        case RefuseChange():
            return changes.refuse(state, command)
        case discounts.RequestDiscount() | discounts.MakeDiscount() | discounts.RefuseDiscount():
            return discounts.decide(state, command)
        case disputes.TakeDispute():
            return disputes.take(state, command)
        case _:
            return tax.decide(state, command)


def _zone(state: Subscription, command: NoteZone) -> Sequence[Event]:
    if not state.zoned:
        return [ZoneNoted(user_id=command.user_id, timezone=command.timezone)]
    if command.timezone == state.zone.wanted:
        return []
    zone, at = state.zone, command.at
    return [
        ZoneNoted(
            user_id=command.user_id,
            timezone=command.timezone,
            held=zone.at(at),
            begins=zone.ends(at),
            day=zone.day(at),
        )
    ]


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
    if state.busy:
        return [
            _refused(
                command.user_id,
                "payment_in_progress",
                "payment_method_id",
                "A payment is being set up at this moment. Wait for its outcome before you try again.",
            )
        ]
    if command.coded and (wrong := discounts.fault(replace(state, discount=None), command.discount, command.at)):
        return [_refused(command.user_id, *wrong)]
    return [
        SubscriptionOrdered(
            user_id=command.user_id,
            plan=state.plan.plan,
            payment_method_id=command.payment_method_id,
            sealed=command.sealed,
            discount_code=command.discount.code if command.discount else None,
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
            no_trial=command.no_trial,
        ),
        *([discounts.granted(command.user_id, command.discount)] if command.discount else []),
        *([command.card.change(command.user_id)] if command.card else []),
        entitlements(command.user_id, state.ordered, replace(state, lost_dispute=False).entitles(command.status)),
    ]


def _observe(state: Subscription, command: Observe) -> Sequence[Event]:
    if state.subscription_id != command.subscription_id or state.subscribed is None:
        return []
    seen = (command.status, command.period_end, command.cancels_at)
    untold = command.status == "past_due" and not state.overdue
    if seen == (state.status, state.period_end, state.cancels_at) and not untold:
        return []
    # a plan that waits for the next period begins with it
    turned = state.turned(command.period_start)
    plan = state.next if turned and state.next else state.subscribed
    following = state.next if state.next and not turned and command.status not in ENDED else None
    ended = command.status in ENDED
    pause = None if ended else left(state.pause, command.period_start, command.at, kept=command.paused)
    skipped = pause is not None and pause.holds(command.period_end)
    goes_on = command.status not in ENDED and command.cancels_at is None and not skipped
    events: list[Event] = [
        SubscriptionChanged(
            user_id=command.user_id,
            subscription_id=command.subscription_id,
            plan=plan.plan,
            interval=plan.interval,
            status=command.status,
            period_start=command.period_start,
            period_end=command.period_end,
            cancels_at=command.cancels_at,
            next_plan=following.plan if following else None,
            next_price=(following or plan).price if goes_on else None,
            pause_begins=pause.begins if pause else None,
            pause_ends=pause.ends if pause else None,
        )
    ]
    renewed = state.period_end is not None and command.period_start >= state.period_end
    if renewed and state.discount and not command.discounted:
        events.append(DiscountEnded(user_id=command.user_id, code=state.discount.code))
    if untold:
        events.append(
            SubscriptionPastDue(
                user_id=command.user_id,
                subscription_id=command.subscription_id,
                grace_ends_at=command.at + GRACE,
            )
        )
    if state.overdue and command.status == "active":
        events.append(SubscriptionRecovered(user_id=command.user_id, subscription_id=command.subscription_id))
    if command.status in ENDED and state.running:
        events.append(SubscriptionCancelled(user_id=command.user_id, subscription_id=command.subscription_id))
    paused = pause is not None and pause.holds(command.period_start)
    if pause and paused and not state.paused:
        events.append(
            SubscriptionPaused(user_id=command.user_id, subscription_id=command.subscription_id, ends_at=pause.ends)
        )
    if state.paused and not paused and command.status not in ENDED:
        events.append(SubscriptionResumed(user_id=command.user_id, subscription_id=command.subscription_id))
    active = state.entitles(command.status) and not paused
    if active != state.active or (active and turned):
        events.append(entitlements(command.user_id, plan, active))
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
            tax_percent=command.tax_percent,
            reverse_charge=command.reverse_charge,
            receipt=command.receipt,
        )
    ]


def timers(_: Subscription, events: Sequence[Event]) -> tuple[Sequence[Timer], Sequence[str]]:
    """The days of grace end, unless the invoice is paid or the subscription is over before."""
    for event in events:
        match event:
            case SubscriptionPastDue(grace_ends_at=datetime() as due):
                over = GraceEnded(user_id=event.user_id, subscription_id=event.subscription_id)
                return (Timer(f"grace-{event.subscription_id}", due, stream(event.user_id), over),), ()
            case SubscriptionRecovered() | SubscriptionCancelled():
                return (), (f"grace-{event.subscription_id}",)
    return (), ()


SUBSCRIPTION: Decider[Subscription, Command] = Decider(Subscription, decide, evolve, timers)


def stream(user_id: str) -> str:
    return f"subscription-{user_id}"
