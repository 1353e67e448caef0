"""Foreign events in."""

from __future__ import annotations

from ytempire.billing.features.allot import Allot
from ytempire.billing.features.change_subscription import ChangeSubscription
from ytempire.billing.features.follow_stripe import FollowStripe
from ytempire.billing.features.follow_tax import FollowTax
from ytempire.billing.features.give_discount import GiveDiscount
from ytempire.billing.features.pay import Pay
from ytempire.billing.features.subscribe import Subscribe
from ytempire.events.gateway import (
    BillingAccessRequested,
    ChannelConnectionRequested,
    DiscountRequested,
    InvoicePaymentRequested,
    PaymentMethodChangeRequested,
    PaymentSetupRequested,
    PlanChangePreviewRequested,
    SubscriptionChangeRequested,
    TaxDetailsRequested,
    VideoRequested,
    WebhookReceived,
)
from ytempire.events.media import VideoRejected, VideoRendered, VideoRenderFailed
from ytempire.events.onboarding import PlanSelected, PreferencesSaved
from ytempire.events.publisher import ChannelConnectionRejected, ChannelDisconnected
from ytempire.eventstore import Handlers


def subscriptions(
    subscribe: Subscribe,
    change: ChangeSubscription,
    pay: Pay,
    follow: FollowStripe,
    tax: FollowTax,
    give: GiveDiscount,
    allot: Allot,
) -> Handlers:
    return {
        PlanSelected: subscribe.note_plan,
        PreferencesSaved: subscribe.note_zone,
        PaymentSetupRequested: subscribe.order,
        SubscriptionChangeRequested: change.order,
        PlanChangePreviewRequested: change.preview,
        PaymentMethodChangeRequested: pay.order_card,
        InvoicePaymentRequested: pay.order_payment,
        BillingAccessRequested: pay.open_access,
        TaxDetailsRequested: tax.order,
        DiscountRequested: give.order,
        WebhookReceived: follow.note,
        VideoRequested: allot.reserve_video,
        VideoRendered: allot.consume_video,
        VideoRenderFailed: allot.release_video,
        VideoRejected: allot.release_video,
        ChannelConnectionRequested: allot.reserve_channel,
        ChannelConnectionRejected: allot.release_channel,
        ChannelDisconnected: allot.release_channel,
    }
