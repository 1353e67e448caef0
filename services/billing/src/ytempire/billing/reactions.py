"""Own events and the effects that follow them."""

from __future__ import annotations

from collections.abc import Sequence

from ytempire.billing.domain.events import (
    CardOrdered,
    ChangeOrdered,
    DiscountOrdered,
    GraceEnded,
    InvoicePaymentOrdered,
    NoticesListingDue,
    StripeNoticed,
    SubscriptionOrdered,
    TaxOrdered,
)
from ytempire.billing.features.catch_up import CatchUp
from ytempire.billing.features.change_subscription import ChangeSubscription
from ytempire.billing.features.follow_disputes import FollowDisputes
from ytempire.billing.features.follow_stripe import FollowStripe
from ytempire.billing.features.follow_tax import FollowTax
from ytempire.billing.features.give_discount import GiveDiscount
from ytempire.billing.features.keep_ledger import KeepLedger
from ytempire.billing.features.pay import Pay
from ytempire.billing.features.reconcile import Reconcile
from ytempire.billing.features.subscribe import Subscribe
from ytempire.eventstore import Reaction


def reactions(
    subscribe: Subscribe,
    change: ChangeSubscription,
    pay: Pay,
    follow: FollowStripe,
    tax: FollowTax,
    give: GiveDiscount,
    catch_up: CatchUp,
    keep: KeepLedger,
    reconcile: Reconcile,
    disputes: FollowDisputes,
) -> Sequence[Reaction]:
    return (
        Reaction(
            "billing-orders",
            {
                SubscriptionOrdered: subscribe.make,
                ChangeOrdered: change.make,
                TaxOrdered: tax.make,
                DiscountOrdered: give.make,
            },
            concurrency=8,
        ),
        Reaction(
            "billing-payments", {CardOrdered: pay.change_card, InvoicePaymentOrdered: pay.pay_invoice}, concurrency=8
        ),
        Reaction("billing-notices", {StripeNoticed: follow.follow, GraceEnded: follow.end_grace}, concurrency=8),
        Reaction("billing-listing", {NoticesListingDue: catch_up.list}),
        Reaction("billing-disputes", {StripeNoticed: disputes.follow}),
        Reaction("billing-ledger", {StripeNoticed: keep.follow, NoticesListingDue: reconcile.run}, concurrency=4),
    )
