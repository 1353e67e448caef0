"""Discounts at Stripe: a coupon with a promotion code for each offer, made on first use."""

from __future__ import annotations

from typing import Any

import stripe

from ytempire.billing.adapters.stripe_calls import StripeCalls
from ytempire.billing.domain.discounts import Discount
from ytempire.billing.ports import DiscountRefusedError

_USED_UP = "This code was used as often as it may be. Use another one, or go on without."


class StripeDiscounts(StripeCalls):
    """Discounts of subscriptions that run."""

    async def give(self, subscription_id: str, discount: Discount, idempotency_key: str) -> None:
        await self._call("stripe discount", lambda: self._give(subscription_id, discount, idempotency_key))

    def _give(self, subscription_id: str, discount: Discount, key: str) -> None:
        with_code: Any = {"discounts": [{"promotion_code": promotion_code(self._client, discount)}]}
        try:
            self._client.v1.subscriptions.update(subscription_id, with_code, {"idempotency_key": f"discount-{key}"})
        except stripe.InvalidRequestError as error:
            raise refused(error) from error


def refused(error: stripe.InvalidRequestError) -> Exception:
    """A refusal of a discount in our words; any other one as it is."""
    return DiscountRefusedError("discount_used_up", _USED_UP) if "discounts" in (error.param or "") else error


def promotion_code(client: stripe.StripeClient, discount: Discount) -> str:
    """Stripe's id of a code. Whether it may still be used is Stripe's to say: it counts over all accounts."""
    known = client.v1.promotion_codes.list({"code": discount.code, "limit": 1}).data
    if known:
        return known[0].id
    made = client.v1.coupons.create(_coupon(discount), {"idempotency_key": f"coupon-{discount.code}"})
    limits: Any = {"max_redemptions": discount.most} if discount.most else {}
    if discount.valid_until:
        limits["expires_at"] = int(discount.valid_until.timestamp())
    promotion: Any = {"type": "coupon", "coupon": made.id}
    code: Any = {"promotion": promotion, "code": discount.code, **limits}
    return client.v1.promotion_codes.create(code, {"idempotency_key": f"promotion-{discount.code}"}).id


def _coupon(discount: Discount) -> Any:
    off: dict[str, Any] = {"name": discount.code, "duration": discount.duration}
    if discount.percent is not None:
        off["percent_off"] = float(discount.percent)
    if discount.amount is not None:
        off |= {"amount_off": discount.amount.micros // 10_000, "currency": discount.amount.currency.lower()}
    if discount.months is not None:
        off["duration_in_months"] = discount.months
    return off
