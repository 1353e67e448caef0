"""What the tests of billing share: a customer's first steps, and notices handed over as the gateway does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import stripe

from ytempire.chassis.testing import Bench
from ytempire.events.gateway import PaymentSetupRequested, WebhookReceived
from ytempire.events.onboarding import PlanSelected
from ytempire.events.plans import Interval, on_offer
from ytempire.events.values import Sealed
from ytempire.eventstore import new_id


def seal(bench: Bench) -> Sealed:
    value = {"name": "Ada", "email": "ada@studio.example"}
    return bench.host.sealer.seal("billing", value, bench.host.clock.now(), timedelta(hours=1))


async def choose(bench: Bench, user_id: str, plan: str = "starter", interval: Interval = "month") -> None:
    offer = on_offer(bench.host.clock.now())[plan]
    event = PlanSelected(
        user_id=user_id,
        plan=plan,
        price=offer.price(interval),
        channels=offer.channels,
        videos_per_day=offer.videos_per_day,
        trial_days=offer.trial_days,
        interval=interval,
    )
    await bench.deliver(event, tenant=user_id)


async def order(bench: Bench, user_id: str, card: str = "pm_card_visa", sealed: Sealed | None = None) -> None:
    event = PaymentSetupRequested(user_id=user_id, payment_method_id=card, sealed=sealed or seal(bench))
    await bench.deliver(event, tenant=user_id)
    await bench.settle()


async def subscribe(bench: Bench, plan: str = "starter", interval: Interval = "month") -> str:
    user_id = new_id()
    await choose(bench, user_id, plan, interval)
    await order(bench, user_id)
    return user_id


def posts(outside: Any, path: str, since: int) -> list[dict[str, Any]]:
    lines = outside.journal("stripe", since)
    return [line for line in lines if line["method"] == "POST" and line["path"].endswith(path)]


async def tell(bench: Bench, api: stripe.StripeClient, subscription_id: str) -> int:
    """Hand over every notice about a subscription and its invoices, as the gateway does with webhooks."""
    count = 0
    for event in api.v1.events.list({"limit": 100}).auto_paging_iter():
        thing = event.to_dict()["data"]["object"]
        parent = (thing.get("parent") or {}).get("subscription_details") or {}
        if subscription_id not in (thing["id"], parent.get("subscription")):
            continue
        notice = WebhookReceived(provider="stripe", webhook_id=event.id, kind=event.type, object_id=thing["id"])
        await bench.deliver(notice)
        count += 1
    await bench.settle()
    return count
