"""The link in a reminder that stops reminders: a page for people, one POST for mail programs (RFC 8058)."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from ytempire.gateway.adapters.tokens import sha256
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS
from ytempire.gateway.http.identity import EdgeNow, network_address
from ytempire.gateway.http.pages import page
from ytempire.gateway.problems import from_rejection

UNSUBSCRIBE = "/mail/unsubscribe"
router = APIRouter(prefix=API, tags=["mail"], responses=PROBLEMS)

Token = Annotated[str, Query(min_length=20, max_length=100, pattern=r"^[\w-]+$", description="From the mail's link")]


@router.get(UNSUBSCRIBE, summary="A page with one button: mail scanners open links, they press nothing")
async def ask(token: Token) -> Response:
    body = (
        "<p>We remind you when the set-up of your account stands still. All other mail comes as before.</p>"
        f'<form method="post" action="{API}{UNSUBSCRIBE}?token={escape(token)}">'
        '<p><button class="button primary" name="List-Unsubscribe" value="One-Click">Stop these reminders</button></p>'
        "</form>"
    )
    return HTMLResponse(page("Stop reminders?", body))


@router.post(
    UNSUBSCRIBE, responses=PENDING, summary="Stop reminders; no log-in and no key, a repetition changes nothing"
)
async def stop(token: Token, request: Request, edge: EdgeNow) -> Response:
    edge.strangers.take(network_address(request))
    outcome = await edge.choose_reminders.by_link(sha256(token))
    if outcome.status == "rejected":
        raise from_rejection(outcome.data)
    text = "You get no more reminders of your account's set-up. You can have them again in your preferences."
    return HTMLResponse(page("Reminders are off", f"<p>{text}</p>"), 202 if outcome.status == "pending" else 200)
