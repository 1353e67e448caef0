"""Channels, and Google's way back."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from ytempire.gateway.adapters.tokens import random_token
from ytempire.gateway.features.connect_channel import CALLBACK_PATH
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, Json, answer, known_id, problem_response
from ytempire.gateway.http.fields import Body, Word
from ytempire.gateway.http.identity import EdgeNow, WorkReads, WorkWrites, need
from ytempire.gateway.http.pages import page
from ytempire.gateway.membership import role_of
from ytempire.gateway.problems import Problem, from_rejection, not_found
from ytempire.gateway.projections.accounts import ACCOUNTS, accounts
from ytempire.gateway.projections.channels import CHANNELS, channels
from ytempire.gateway.reading import TenantReads
from ytempire.gateway.roles import Permission
from ytempire.gateway.views import channel_status, channel_view, niche_name

router = APIRouter(prefix=API, tags=["channels"], responses=PROBLEMS)

_BROWSER = "ytempire_browser"


class ConnectBody(Body):
    niche_id: Word | None = None
    """What it is to be about. Needed for a new channel."""
    channel_id: Word | None = None
    """A pending channel whose consent was not given, to be asked for again."""


@router.post("/channels/connect", status_code=201, summary="Begin to connect a YouTube channel: open consent_url")
async def connect(body: ConnectBody, request: Request, write: WorkWrites, edge: EdgeNow) -> Response:
    browser = request.cookies.get(_BROWSER) or random_token()
    niche_id, title = await _wanted(write.reads, body)
    begun = await edge.connect_channel.begin(
        write.user_id, write.acting.person, niche_id, title, body.channel_id, browser, await write.reserve()
    )
    answered = Json(
        {"channel_id": begun.channel_id, "consent_url": begun.consent_url, "expires_at": begun.expires_at}, 201
    )
    answered.set_cookie(
        _BROWSER,
        browser,
        max_age=edge.settings.consent_s,
        path=f"{API}/",
        secure=edge.settings.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return answered


async def _wanted(reads: TenantReads, body: ConnectBody) -> tuple[str, str]:
    """Niche and name of the channel to be.

    :raises Problem: 404 for a channel that is not the account's, 409 for one that is not pending, 422 without a niche.
    """
    if body.channel_id is not None:
        row = await reads.one(CHANNELS, channels, channels.c.channel_id == known_id(body.channel_id, "channel"))
        if row is None:
            raise not_found("channel", "/channel_id")
        if channel_status(row) != "pending":
            text = "This channel is not pending: its consent was given. To connect another one, leave out channel_id."
            raise Problem(409, "channel_not_pending", text, field="/channel_id")
        return row["niche_id"], row["pending_title"]
    if body.niche_id is None:
        text = "Say what the channel is to be about: send the niche_id of one of your niches."
        raise Problem(422, "niche_missing", text, field="/niche_id")
    count = len(await reads.rows(CHANNELS, channels, order=(channels.c.channel_id,)))
    name = niche_name(await reads.one(ACCOUNTS, accounts), body.niche_id)
    return body.niche_id, f"Channel {count + 1} - {name}"


@router.get(
    CALLBACK_PATH.removeprefix(API), responses=PENDING, summary="Where Google sends the browser back; HTML or JSON"
)
async def google_callback(
    request: Request,
    edge: EdgeNow,
    state: str = "",
    code: str = "",
    error: str = "",
) -> Response:
    html = "text/html" in request.headers.get("accept", "")
    try:
        answered, title = await _returned(request, edge, state, code, error), "Channel connected"
    except Problem as problem:
        if not html:
            raise
        refused = problem_response(problem, request)
        return HTMLResponse(page("Not connected", f"<p>{escape(problem.detail)}</p>"), refused.status_code)
    if not html:
        return answered
    text = "Your channel is connected. You can close this page."
    if answered.status_code == 202:
        title, text = "Still connecting", "Google agreed. The channel appears in your list in a moment."
    return HTMLResponse(page(title, f"<p>{text}</p>"), answered.status_code)


async def _returned(request: Request, edge: EdgeNow, state: str, code: str, error: str) -> Response:
    consent = await edge.connect_channel.check(state, request.cookies.get(_BROWSER))
    # who began may have been removed, or have another role, since the browser was sent to Google
    need(await role_of(edge.models, consent.person_id, consent.user_id), Permission.WORK)
    if error:
        denied = error == "access_denied"
        raise Problem(
            400,
            "consent_denied" if denied else "consent_failed",
            "You did not allow access at Google, so the channel is not connected. Connect it again if you want to."
            if denied
            else "Google could not finish the consent. Connect the channel again.",
            field="error",
        )
    if not code:
        raise Problem(400, "code_missing", "Google sent no code back. Connect the channel again.", field="code")
    outcome = await edge.connect_channel.finish(consent, code)
    channel_id = consent.channel_id
    if outcome.status == "rejected":
        raise from_rejection(outcome.data)
    return answer(outcome, resource={"channel_id": channel_id})


@router.get("/channels", summary="Your channels")
async def list_channels(reads: WorkReads) -> Response:
    rows = await reads.rows(CHANNELS, channels, order=(channels.c.channel_id,))
    return Json({"channels": [channel_view(row) for row in rows]})


@router.get("/channels/{channel_id}", summary="One channel")
async def get_channel(channel_id: str, reads: WorkReads) -> Response:
    row = await reads.one(CHANNELS, channels, channels.c.channel_id == known_id(channel_id, "channel"))
    if row is None:
        raise not_found("channel")
    return Json(channel_view(row))
