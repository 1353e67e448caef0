"""What a subscription can be given, and what a new one is."""

from ytempire.sandbox.stripe.forms import Params
from ytempire.sandbox.stripe.objects import Doc

DAY_S = 86_400
MOST_TRIAL_DAYS = 730
PRORATION = ("create_prorations", "always_invoice", "none")
PAYMENT = ("allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete")
MISSING_CARD = ("create_invoice", "cancel", "pause")
BOTH = (
    "items", "default_payment_method", "payment_behavior", "proration_behavior", "proration_date", "metadata",
    "description", "cancel_at_period_end", "cancel_at", "trial_end", "trial_settings", "payment_settings",
    "off_session", "collection_method", "automatic_tax", "default_tax_rates", "discounts",
)  # fmt: skip
CREATE = (*BOTH, "customer", "trial_period_days", "currency", "billing_mode", "backdate_start_date")
UPDATE = (*BOTH, "pause_collection", "billing_cycle_anchor")


def blank(customer: str, now: int, params: Params) -> Doc:
    """The fields of a new subscription."""
    empty = (
        "application", "application_fee_percent", "billing_thresholds", "cancel_at", "canceled_at", "days_until_due",
        "default_payment_method", "default_source", "ended_at", "latest_invoice", "next_pending_invoice_item_invoice",
        "on_behalf_of", "pause_collection", "pending_invoice_item_interval", "pending_setup_intent", "pending_update",
        "schedule", "test_clock", "transfer_data", "trial_end", "trial_start",
    )  # fmt: skip
    return dict.fromkeys(empty) | {
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": now,
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "cancel_at_period_end": False,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": params.choice("collection_method", ("charge_automatically",), "charge_automatically"),
        "currency": "usd",
        "customer": customer,
        "default_tax_rates": [],
        "description": params.text("description"),
        "discounts": [],
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": {"object": "list", "data": [{"current_period_end": now}]},
        "metadata": {},
        "payment_settings": {
            "payment_method_options": None, "payment_method_types": None, "save_default_payment_method": "off",
        },
        "start_date": now,
        "status": "active",
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    }  # fmt: skip
