"""Wiring."""

from __future__ import annotations

from pathlib import Path

import ytempire.billing
from ytempire.billing.adapters.discount_table import discounts
from ytempire.billing.adapters.ledger_metrics import LedgerMetrics
from ytempire.billing.adapters.stripe_accounts import StripeAccounts
from ytempire.billing.adapters.stripe_balance import StripeBalance
from ytempire.billing.adapters.stripe_discounts import StripeDiscounts
from ytempire.billing.adapters.stripe_notices import StripeNotices
from ytempire.billing.adapters.stripe_payments import StripePayments
from ytempire.billing.adapters.stripe_taxes import StripeTaxes
from ytempire.billing.adapters.vat_table import seller_in
from ytempire.billing.domain.ledger import DOUBLE_ENTRY
from ytempire.billing.features.allot import Allot
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
from ytempire.billing.projections import ledger, slot_usage, subscriptions
from ytempire.billing.reactions import reactions
from ytempire.billing.subscribers import subscriptions as subscribed
from ytempire.chassis import Definition, Host, Service, ServiceSettings


class Settings(ServiceSettings):
    """Billing's own settings."""

    stripe_url: str
    stripe_key_file: Path
    seller_country: str = "US"
    """Where the seller is: a business of the same country owes no tax of its own."""


async def build(host: Host[Settings]) -> Service:
    settings = host.settings
    key = settings.stripe_key_file.read_text().strip()
    payments = StripePayments(settings.stripe_url, key, settings.ca_bundle)
    accounts = StripeAccounts(settings.stripe_url, key, settings.ca_bundle)
    pay = Pay(host.store, accounts, host.sealer)
    seller = seller_in(settings.seller_country)
    tax = FollowTax(host.store, StripeTaxes(settings.stripe_url, key, settings.ca_bundle), host.opener, seller)
    table = discounts()
    give = GiveDiscount(host.store, StripeDiscounts(settings.stripe_url, key, settings.ca_bundle), table)
    subscribe = Subscribe(host.store, payments, host.opener, seller, table)
    change = ChangeSubscription(host.store, payments, seller, table)
    follow = FollowStripe(host.store, payments, tax, host.sealer)
    catch_up = CatchUp(host.store, StripeNotices(settings.stripe_url, key, settings.ca_bundle), follow, host.clock)
    await catch_up.begin()
    balance = StripeBalance(settings.stripe_url, key, settings.ca_bundle)
    keep = KeepLedger(host.store, balance)
    reconcile = Reconcile(host.store, balance, keep)
    return Service(
        subscriptions=subscribed(subscribe, change, pay, follow, tax, give, Allot(host.store)),
        reactions=reactions(
            subscribe, change, pay, follow, tax, give, catch_up, keep, reconcile, FollowDisputes(host.store, balance)
        ),
        background=(LedgerMetrics(host.models).run,),
    )


DEFINITION = Definition(
    name="billing",
    settings=Settings,
    projections=(subscriptions.PROJECTION, slot_usage.PROJECTION, ledger.PROJECTION),
    build=build,
    package_file=ytempire.billing.__file__,
    ledgers=(DOUBLE_ENTRY,),
)
