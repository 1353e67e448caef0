"""Tokens of verification links: 256 bits of randomness, known to the store by their SHA-256 only."""

from __future__ import annotations

import hashlib
import secrets


class SecretTokens:
    """Makes tokens for links."""

    def new(self) -> str:
        return secrets.token_urlsafe(32)

    def digest(self, token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()
