"""Own events and what follows them."""

from __future__ import annotations

from collections.abc import Sequence

from ytempire.analytics.domain.events import (
    CollectionDue,
    CostNoted,
    FailureNoted,
    SalesCollectionDue,
    VideoNoted,
)
from ytempire.analytics.features.account import Account
from ytempire.analytics.features.collect import Collect
from ytempire.analytics.features.monetize import Monetize
from ytempire.analytics.features.sell import Sell
from ytempire.events.analytics import RevenueAdjusted, RevenueRecorded
from ytempire.eventstore import Reaction


def reactions(collect: Collect, monetize: Monetize, sell: Sell, account: Account) -> Sequence[Reaction]:
    return (
        Reaction(
            "analytics-collection", {CollectionDue: collect.collect, SalesCollectionDue: sell.collect}, concurrency=4
        ),
        Reaction("analytics-monetization", {VideoNoted: monetize.recommend}, concurrency=4),
        Reaction(
            "analytics-ledger",
            {
                CostNoted: account.post_costs,
                FailureNoted: account.post_costs,
                RevenueRecorded: account.post_revenue,
                RevenueAdjusted: account.post_revenue,
            },
            concurrency=8,
        ),
    )
