"""What happens to a subscription as time passes: trial, renewal, dunning, expiry, cancellation."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ytempire.sandbox.stripe.events import Events
from ytempire.sandbox.stripe.invoices import Invoices, NoCardError
from ytempire.sandbox.stripe.objects import Doc, Objects
from ytempire.sandbox.stripe.periods import cycle_lines, period_end

DAY_S = 86_400
TRIAL_NOTICE_S = 3 * DAY_S
DRAFT_S = 3_600
"""A renewal's invoice stays a draft for an hour before it is charged."""
DUNNING_S = (3 * DAY_S, 5 * DAY_S, 7 * DAY_S)
"""Waits before each retry of a failed renewal; after the last one the subscription is cancelled."""
INCOMPLETE_S = 23 * 3_600
TIMERS = "stripe.timers"
ENDED = ("canceled", "incomplete_expired")


class Cycle:
    """The timers of subscriptions and what they do."""

    def __init__(self, objects: Objects, events: Events, invoices: Invoices) -> None:
        self._objects, self._events, self._invoices = objects, events, invoices
        handlers: dict[str, Callable[[Doc], None]] = {
            "trial_will_end": self._trial_will_end,
            "period_end": self._period_end,
            "collect": self._collect,
            "expire": self._expire,
            "cancel_at": self._cancel_at,
            "resume_at": self._resume,
        }
        for name, handler in handlers.items():
            objects.world.schedule.on(f"stripe.{name}", self._fired(name, handler))

    def set(self, subscription: Doc, name: str, due: int | None) -> None:
        """Plan a timer of a subscription (Unix time), replacing an earlier one; None only removes it."""
        store, schedule = self._objects.world.store, self._objects.world.schedule
        kept = store.get(TIMERS, subscription["id"]) or {}
        if name in kept:
            schedule.cancel(kept.pop(name))
        if due is not None:
            payload = {"subscription": subscription["id"]}
            kept[name] = schedule.at(datetime.fromtimestamp(due, UTC), f"stripe.{name}", payload)
        store.put(TIMERS, subscription["id"], kept)

    def begin(self, subscription: Doc) -> None:
        """Timers of a subscription that has just got its first period."""
        end = subscription["items"]["data"][0]["current_period_end"]
        self.set(subscription, "period_end", end)
        if subscription["status"] == "trialing":
            self.set(subscription, "trial_will_end", max(self._objects.now(), end - TRIAL_NOTICE_S))
        if subscription["status"] == "incomplete":
            self.set(subscription, "expire", self._objects.now() + INCOMPLETE_S)

    def start_period(self, subscription: Doc, start: int, anchor: int) -> list[Doc]:
        """Items with the period that begins at ``start``."""
        items = []
        for item in subscription["items"]["data"]:
            end = period_end(anchor, start, item["price"]["recurring"])
            items.append({**item, "current_period_start": start, "current_period_end": end})
        return items

    def cancel(self, subscription: Doc, reason: str, comment: Doc | None = None) -> Doc:
        """End a subscription now; its open invoices are no longer tried."""
        now = self._objects.now()
        for invoice in self._objects.all("invoice", customer=subscription["customer"]):
            if Invoices.subscription_of(invoice) == subscription["id"] and invoice["status"] in ("draft", "open"):
                self._events.change(
                    invoice, "invoice.updated", auto_advance=False, next_payment_attempt=None
                )  # fmt: skip
        for name in ("trial_will_end", "period_end", "collect", "expire", "cancel_at", "resume_at"):
            self.set(subscription, name, None)
        details = {**subscription["cancellation_details"], **(comment or {}), "reason": reason}
        return self._events.change_as(
            "customer.subscription.deleted",
            subscription,
            status="canceled",
            canceled_at=subscription["canceled_at"] or now,
            ended_at=now,
            cancellation_details=details,
        )

    def settle(self, subscription: Doc) -> Doc:
        """Bring the status in line with the newest invoice after a payment: it may be active again."""
        if subscription["status"] == "incomplete":
            self.set(subscription, "expire", None)
        if subscription["status"] in ("incomplete", "past_due", "unpaid"):
            self.set(subscription, "collect", None)
            self._events.change(subscription, "customer.subscription.updated", status="active")
        return subscription

    def _fired(self, name: str, handler: Callable[[Doc], None]) -> Any:
        async def run(payload: Doc) -> None:
            with self._objects.world.store.transaction():
                subscription = self._objects.find("subscription", payload["subscription"])
                if subscription is None or subscription["status"] in ENDED:
                    return
                timers = self._objects.world.store.get(TIMERS, subscription["id"]) or {}
                timers.pop(name, None)
                self._objects.world.store.put(TIMERS, subscription["id"], timers)
                handler(subscription)

        return run

    def _trial_will_end(self, subscription: Doc) -> None:
        if subscription["status"] == "trialing":
            self._events.emit("customer.subscription.trial_will_end", subscription)

    def _cancel_at(self, subscription: Doc) -> None:
        self.cancel(subscription, "cancellation_requested")

    def _resume(self, subscription: Doc) -> None:
        self._events.change(subscription, "customer.subscription.updated", pause_collection=None)

    def _expire(self, subscription: Doc) -> None:
        if subscription["status"] != "incomplete":
            return
        invoice = self._objects.find("invoice", subscription["latest_invoice"] or "")
        if invoice is not None and invoice["status"] == "open":
            self._invoices.void(invoice)
        self.set(subscription, "period_end", None)
        self._events.change(
            subscription, "customer.subscription.updated", status="incomplete_expired", ended_at=self._objects.now()
        )

    def _period_end(self, subscription: Doc) -> None:
        if subscription["cancel_at_period_end"]:
            self.cancel(subscription, "cancellation_requested")
            return
        if subscription["status"] == "incomplete":
            return
        if subscription["status"] == "trialing" and self._without_card(subscription):
            return
        self.renew(subscription)

    def _without_card(self, subscription: Doc) -> bool:
        """End of a trial without a payment method: whether it paused or ended the subscription."""
        probe = {"parent": {"subscription_details": {"subscription": subscription["id"]}}}
        if self._invoices.card_for({**probe, "customer": subscription["customer"]}) is not None:
            return False
        behaviour = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if behaviour == "cancel":
            self.cancel(subscription, "payment_failed")
        elif behaviour == "pause":
            self._events.change(subscription, "customer.subscription.updated", status="paused")
            self._events.emit("customer.subscription.paused", subscription)
        return bool(behaviour != "create_invoice")

    def renew(self, subscription: Doc, *, start: int | None = None) -> None:
        """Begin the next period (at ``start``, else where the last one ended), with a draft invoice for it."""
        first = subscription["items"]["data"][0]
        begin = first["current_period_end"] if start is None else start
        was_trial = subscription["status"] == "trialing"
        anchor = begin if was_trial or start is not None else subscription["billing_cycle_anchor"]
        items = {**subscription["items"], "data": self.start_period(subscription, begin, anchor)}
        status = "active" if subscription["status"] in ("trialing", "paused") else subscription["status"]
        renewed = {**subscription, "items": items}
        invoice = self._invoices.draft(renewed, cycle_lines(renewed), "subscription_cycle")
        fields = {"items": items, "status": status, "billing_cycle_anchor": anchor, "latest_invoice": invoice["id"],
                  "discounts": renewed["discounts"]}  # fmt: skip
        self._events.change(subscription, "customer.subscription.updated", **fields)
        self.set(subscription, "period_end", items["data"][0]["current_period_end"])
        pause = subscription["pause_collection"]
        if pause:
            self._leave(invoice, pause["behavior"])
        self.set(subscription, "collect", None if pause else self._objects.now() + DRAFT_S)

    def _leave(self, invoice: Doc, behaviour: str) -> None:
        """What becomes of an invoice whose subscription is paused: nobody is charged for it."""
        if behaviour == "keep_as_draft":
            self._events.change(invoice, "invoice.updated", auto_advance=False)
            return
        self._invoices.finalise(invoice)
        if behaviour == "void":
            self._invoices.void(invoice)
        else:
            self._invoices.write_off(invoice)

    def _collect(self, subscription: Doc) -> None:
        """Finalise and charge the newest invoice, or charge it again."""
        invoice = self._objects.find("invoice", subscription["latest_invoice"] or "")
        if invoice is None or invoice["status"] not in ("draft", "open"):
            return
        if invoice["status"] == "draft":
            self._invoices.finalise(invoice)
        try:
            reason = self._invoices.pay(invoice)
        except NoCardError:
            reason = "missing_payment_method"
            tries = {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
            self._events.change_as("invoice.payment_failed", invoice, **tries)
        if reason is None:
            self.settle(subscription)
        else:
            self.fail(subscription, invoice)

    def fail(self, subscription: Doc, invoice: Doc) -> None:
        """A payment failed: past due, and another try by the dunning plan, or the end of it."""
        attempt = invoice["attempt_count"]
        if attempt > len(DUNNING_S):
            self._events.change(invoice, "invoice.updated", auto_advance=False, next_payment_attempt=None)
            self.cancel(subscription, "payment_failed")
            return
        due = self._objects.now() + DUNNING_S[attempt - 1]
        self._events.change(invoice, "invoice.updated", next_payment_attempt=due)
        self._events.change(subscription, "customer.subscription.updated", status="past_due")
        self.set(subscription, "collect", due)
