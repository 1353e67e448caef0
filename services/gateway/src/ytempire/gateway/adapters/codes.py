"""Codes of authenticator apps (RFC 6238), and the recovery codes for who lost theirs."""

from __future__ import annotations

import re
import secrets
import time

import pyotp

_ISSUER = "YTEMPIRE"
_EITHER_SIDE = 1
"""Codes before and after the current one, for clocks that differ: half a minute each."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY = 10
_APP_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(secret: str, label: str) -> str:
    """What an authenticator app reads from a QR code (``otpauth://``)."""
    return pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=_ISSUER)


def is_app_code(code: str) -> bool:
    return _APP_CODE.fullmatch(code) is not None


def step_of(secret: str, code: str) -> int | None:
    """The thirty seconds a code is for; None if it is wrong now."""
    app = pyotp.TOTP(secret)
    try:
        return app.verify_and_get_timecode(code, for_time=time.time(), valid_window=_EITHER_SIDE)
    except pyotp.OTPVerificationError:
        return None


def recovery_codes() -> list[str]:
    """Ten codes of 59 random bits, in groups that can be copied by hand."""
    return ["-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3)) for _ in range(_RECOVERY)]


def plain(code: str) -> str:
    """A code as people write it, without spaces, dashes and capitals."""
    return re.sub(r"[\s-]", "", code).casefold()
