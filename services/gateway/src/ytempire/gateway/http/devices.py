"""The cookie by which a device is known that logged in before, or whose user proved to have the mailbox."""

from __future__ import annotations

from fastapi import Response

from ytempire.gateway.edge import Edge
from ytempire.gateway.http.answers import API

COOKIE = "ytempire_device"


def remember(answered: Response, edge: Edge, device_token: str) -> Response:
    """Give the browser the token; scripts cannot read it."""
    answered.set_cookie(
        COOKIE,
        device_token,
        max_age=edge.settings.device_s,
        path=f"{API}/auth/",
        secure=edge.settings.public_url.startswith("https://"),
        httponly=True,
        samesite="strict",
    )
    return answered
