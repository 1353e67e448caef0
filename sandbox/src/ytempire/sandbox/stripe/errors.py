"""Errors in Stripe's envelope."""

from typing import Any

DECLINES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "lost_card": "Your card was declined.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
}
OWN_CODE = {"expired_card", "incorrect_cvc", "processing_error"}


class StripeError(Exception):
    """An answer other than 2xx; ``kept`` says whether an idempotency key remembers it."""

    def __init__(self, status: int, kind: str, message: str, *, kept: bool = False, **fields: Any) -> None:
        super().__init__(message)
        self.status, self.kept = status, kept
        given = {key: value for key, value in fields.items() if value is not None}
        self.error = {"type": kind, "message": message, **given}


def invalid(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> StripeError:
    """400 ``invalid_request_error`` about a parameter."""
    return StripeError(status, "invalid_request_error", message, param=param, code=code)


def missing(kind: str, id: str, param: str | None = "id") -> StripeError:
    """404 ``resource_missing``; as a parameter of another object Stripe answers 400."""
    status = 404 if param == "id" else 400
    return invalid(f"No such {kind}: '{id}'", param, "resource_missing", status)


def declined(reason: str, **fields: Any) -> StripeError:
    """402 ``card_error``: the card's issuer refuses."""
    code = reason if reason in OWN_CODE else "card_declined"
    refusal = reason if code == "card_declined" else None
    text = DECLINES.get(reason, DECLINES["generic_decline"])
    return StripeError(402, "card_error", text, kept=True, code=code, decline_code=refusal, **fields)
