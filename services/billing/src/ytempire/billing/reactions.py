"""Own events and the effects that follow them."""

from __future__ import annotations

from collections.abc import Sequence

from ytempire.billing.domain.events import StripeNoticed, SubscriptionOrdered
from ytempire.billing.features.follow_stripe import FollowStripe
from ytempire.billing.features.subscribe import Subscribe
from ytempire.eventstore import Reaction


def reactions(subscribe: Subscribe, follow: FollowStripe) -> Sequence[Reaction]:
    return (
        Reaction("billing-orders", {SubscriptionOrdered: subscribe.make}, concurrency=8),
        Reaction("billing-notices", {StripeNoticed: follow.follow}, concurrency=8),
    )
