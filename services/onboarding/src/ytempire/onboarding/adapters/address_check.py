"""The syntax of e-mail addresses, by the email-validator package; whether the domain exists is the mail's own test."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email


def is_address(text: str) -> bool:
    """Whether mail can be addressed to ``text``."""
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True
