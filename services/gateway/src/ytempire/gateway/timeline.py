"""What happened to a subscription, a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ytempire.events import Money

Data = Mapping[str, Any]


def sentence(kind: str, data: Data) -> str:
    """An event of billing as a person would tell it."""
    return _SENTENCES[kind](data)


def _day(at: str) -> str:
    moment = datetime.fromisoformat(at)
    return f"{moment.day} {moment:%B %Y}"


def _money(amount: Data) -> str:
    money = Money.model_validate(amount)
    return f"{money.decimal():,.2f} {money.currency}"


def _started(data: Data) -> str:
    if data["trial_ends_at"]:
        return f"The {data['plan']} plan began, free until {_day(data['trial_ends_at'])}."
    return f"The {data['plan']} plan began, paid by the {data['interval']}."


def _changed(data: Data) -> str:
    said = f"The {data['plan']} plan is {data['status'].replace('_', ' ')} until {_day(data['period_end'])}"
    if data["cancels_at"]:
        return f"{said}, and ends on {_day(data['cancels_at'])}."
    if data.get("pause_ends") and data["pause_begins"] >= data["period_end"]:
        return f"{said}, then it is paused until {_day(data['pause_ends'])}."
    return f"{said}, then it is the {data['next_plan']} plan." if data["next_plan"] else f"{said}."


def _entitled(data: Data) -> str:
    if not data["active"]:
        return "Nothing new can be begun; everything stays readable."
    return f"{data['videos_per_day']} videos a day and {data['channels']} channels are allowed."


def _late(data: Data) -> str:
    until = f" Work goes on until {_day(data['grace_ends_at'])}." if data["grace_ends_at"] else ""
    return f"A payment is overdue.{until}"


def _failed(data: Data) -> str:
    again = f" It is tried again on {_day(data['next_attempt_at'])}." if data["next_attempt_at"] else ""
    return f"A payment failed, try {data['attempt']}.{again}"


def _paid(data: Data) -> str:
    said = f"{_money(data['net'])} was paid for {_day(data['period_start'])} to {_day(data['period_end'])}"
    if data.get("reverse_charge"):
        return f"{said}, without VAT: reverse charge."
    taxed = data["tax"]["micros"] and data.get("tax_percent", "0") != "0"
    return f"{said}, and {_money(data['tax'])} of VAT ({data['tax_percent']} %)." if taxed else f"{said}."


def _taxed(data: Data) -> str:
    if data["treatment"] == "reverse_charge":
        return f"Invoices to come are for {data['country']}, without VAT: the VAT number is confirmed (reverse charge)."
    number = {
        "pending": " The VAT number is being checked.",
        "unverified": " The VAT number is not known to its registry.",
    }.get(data["vat_id"], "")
    rate = f"with {data['percent']} % of VAT" if data["treatment"] == "vat" else "without VAT"
    return f"Invoices to come are for {data['country']}, {rate}.{number}"


def _discounted(data: Data) -> str:
    off = f"{data['percent']} %" if data["percent"] else _money(data["amount"])
    lasts = {"once": "one invoice", "forever": "every invoice"}.get(data["duration"], f"{data['months']} months")
    return f"The code {data['code']} takes {off} off, for {lasts}."


_SENTENCES: Mapping[str, Callable[[Data], str]] = {
    "SubscriptionStarted": _started,
    "SubscriptionChanged": _changed,
    "EntitlementsChanged": _entitled,
    "SubscriptionPastDue": _late,
    "SubscriptionRecovered": lambda data: "The overdue payment was made: everything goes on.",
    "SubscriptionPaused": lambda data: f"The subscription is paused until {_day(data['ends_at'])}.",
    "SubscriptionResumed": lambda data: "The pause is over: everything goes on.",
    "SubscriptionCancelled": lambda data: "The subscription ended.",
    "TrialEnding": lambda data: f"The trial ends on {_day(data['trial_ends_at'])}.",
    "PaymentMethodChanged": lambda data: f"The {data['brand']} card that ends in {data['last4']} is charged.",
    "PaymentFailed": _failed,
    "InvoicePaid": _paid,
    "TaxChanged": _taxed,
    "DiscountGranted": _discounted,
    "DiscountEnded": lambda data: f"The discount {data['code']} is used up.",
    "DisputeOpened": lambda data: f"The bank took a payment of {_money(data['amount'])} back until it has decided.",
    "DisputeClosed": lambda data: (
        f"The bank decided: {_money(data['amount'])} {'was given back to us' if data['won'] else 'stays with you'}."
    ),
    "RefundIssued": lambda data: f"{_money(data['amount'])} was refunded.",
}
