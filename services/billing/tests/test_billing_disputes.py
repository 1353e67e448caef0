"""Disputes: given what happened, when a bank takes a payment back or decides, then these events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ytempire.billing.domain import changes
from ytempire.billing.domain import subscription as domain
from ytempire.billing.domain.disputes import Outcome, TakeDispute
from ytempire.billing.domain.events import ChangeOrdered, PlanNoted, SubscriptionOrdered
from ytempire.events import Event, Money
from ytempire.events.billing import DisputeClosed, DisputeOpened, EntitlementsChanged
from ytempire.events.values import Sealed
from ytempire.eventstore import derived_id

USER = derived_id("user")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
END = NOW + timedelta(days=30)
PRICE = Money.parse(97, "USD")
SEALED = Sealed(recipient="billing", key_id="k", ciphertext="c", expires_at=END)
PLAN = PlanNoted(user_id=USER, plan="starter", price=PRICE, channels=5, videos_per_day=15, trial_days=7)
ORDERED = SubscriptionOrdered(user_id=USER, plan="starter", payment_method_id="pm_1", sealed=SEALED)


def when(given: Sequence[Event], *commands: domain.Command) -> list[Event]:
    """What the commands add to the history, one after the other."""
    history = list(given)
    for command in commands:
        history += domain.decide(domain.SUBSCRIPTION.fold(history), command)
    return history[len(given) :]


RUNNING = [PLAN, ORDERED, *when([PLAN, ORDERED], domain.Start(USER, "cus_1", "sub_1", "active", None, NOW, END))]


def dispute(outcome: Outcome, id: str = "dp_1") -> TakeDispute:
    return TakeDispute(USER, id, "in_1", PRICE, outcome)


def kinds(events: Sequence[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def test_nothing_new_is_begun_while_the_bank_decides() -> None:
    opened, entitled = when(RUNNING, dispute("open"), dispute("open"))
    assert opened == DisputeOpened(user_id=USER, dispute_id="dp_1", invoice_id="in_1", amount=PRICE)
    assert isinstance(entitled, EntitlementsChanged)
    assert (entitled.active, entitled.videos_per_day) == (False, 0)


def test_a_dispute_that_is_won_restores_everything() -> None:
    *_, closed, entitled = when(RUNNING, dispute("open"), dispute("won"), dispute("won"))
    assert isinstance(closed, DisputeClosed)
    assert isinstance(entitled, EntitlementsChanged)
    assert (closed.won, entitled.active, entitled.videos_per_day) == (True, True, 15)


def test_a_dispute_that_is_lost_ends_the_subscription() -> None:
    closed, ordered = when(RUNNING, dispute("open"), dispute("lost"))[2:]
    assert isinstance(closed, DisputeClosed)
    assert not closed.won
    assert ordered == ChangeOrdered(user_id=USER, change=changes.CANCEL_NOW)
    # a notice before the end came true does not let anything begin
    lost = [*RUNNING, *when(RUNNING, dispute("lost"))]
    late = when(lost, domain.Observe(USER, "sub_1", "active", END, END + timedelta(days=30), END))
    assert not any(isinstance(event, EntitlementsChanged) for event in late)


def test_a_dispute_that_is_heard_of_after_its_end_was_opened_too_and_changes_no_right() -> None:
    assert kinds(when(RUNNING, dispute("won"), dispute("won"))) == [DisputeOpened, DisputeClosed]


def test_two_disputes_are_both_to_be_settled() -> None:
    events = when(RUNNING, dispute("open"), dispute("open", "dp_2"), dispute("won"), dispute("won", "dp_2"))
    assert [event.active for event in events if isinstance(event, EntitlementsChanged)] == [False, True]
    assert kinds(events)[-2:] == [DisputeClosed, EntitlementsChanged]


def test_who_comes_back_after_a_lost_dispute_begins_anew() -> None:
    ended = changes.MakeChange(USER, "canceled", NOW, END, None)
    again = domain.Start(USER, "cus_1", "sub_2", "active", None, NOW, END)
    events = when(RUNNING, dispute("lost"), ended, domain.Order(USER, "pm_2", SEALED), again)
    told = [event.active for event in events if isinstance(event, EntitlementsChanged)]
    assert told == [False, True]
