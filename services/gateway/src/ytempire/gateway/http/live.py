"""Server-sent events: progress and changes of the person who listens."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from ytempire.gateway.edge import Edge
from ytempire.gateway.ended import told_of_end
from ytempire.gateway.http.answers import API, PROBLEMS
from ytempire.gateway.http.identity import Acting, EdgeNow, Overview
from ytempire.gateway.live import Change
from ytempire.gateway.membership import role_of
from ytempire.gateway.projections.channels import CHANNELS, channels
from ytempire.gateway.projections.tickets import TICKETS, tickets
from ytempire.gateway.projections.video_tables import videos
from ytempire.gateway.projections.videos import VIDEOS
from ytempire.gateway.roles import Permission
from ytempire.gateway.views import channel_view, ticket_view, video_summary

router = APIRouter(prefix=API, tags=["live"], responses=PROBLEMS)

_HEARTBEAT_S = 15.0
_COLLECT_S = 0.1
_RETRY_MS = 2000
_MEMBERSHIP = "membership"
_NEEDS = {
    "progress": Permission.SEE_WORK,
    "video": Permission.SEE_WORK,
    "channel": Permission.SEE_WORK,
    "ticket": Permission.SEE_WORK,
    "pnl": Permission.SEE_MONEY,
    "revenue": Permission.SEE_MONEY,
    "members": Permission.MEMBERS,
}
"""What a role must have to be told of a topic; the others are for everybody in the account."""


@router.get("/events", response_class=StreamingResponse, summary="Live updates as server-sent events")
async def events(edge: EdgeNow, acting: Overview) -> Response:
    """Each message has ``event`` (topic), ``id`` and ``data`` (JSON).

    Topics: ``hello`` (first; read everything anew after it), ``progress`` (stage and percent of a video), ``video``,
    ``channel`` and ``ticket`` (with the new view), ``account``, ``pnl``, ``revenue``, ``operation``, ``members`` and
    ``membership`` (your role in the account ``id`` changed), ids only. Only what your role may see is told. The stream
    ends when the access token, its session or your membership of the account does; listen again with a new one.
    """
    return StreamingResponse(
        _stream(edge, acting),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(edge: Edge, acting: Acting) -> AsyncIterator[bytes]:
    number, boot = 0, f"{time.time_ns():x}"
    session_id = acting.access.session_id
    # the person's own changes, too: that they belong to the account no longer is one of them
    with edge.hub.listening(acting.account, acting.person, told_of_end(session_id)) as queue:
        yield b"retry: %d\n" % _RETRY_MS + message("hello", f"{boot}-0", {"at": edge.clock.now()})
        while (left := acting.access.expires_at - time.time()) > 0:
            changes = await _collect(queue, min(_HEARTBEAT_S, left))
            if session_id in edge.ended:
                return
            if not changes:
                yield b": still here\n\n"
            if not changes or any(change.topic == _MEMBERSHIP for change in changes):
                role = await role_of(edge.models, acting.person, acting.account)
                if role is None:
                    return
                acting = replace(acting, role=role)
            for change in changes:
                data = await _told(edge, acting, change)
                if data is not None:
                    number += 1
                    yield message(change.topic, f"{boot}-{number}", data)


async def _collect(queue: asyncio.Queue[Change], wait_s: float) -> list[Change]:
    """The next changes, each thing once: what changed several times in a moment is told as it is now."""
    latest: dict[tuple[str, str], Change] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            change = await queue.get()
        latest[change.topic, change.id] = change
        await asyncio.sleep(_COLLECT_S)
        while not queue.empty():
            change = queue.get_nowait()
            latest[change.topic, change.id] = change
    return list(latest.values())


async def _told(edge: Edge, acting: Acting, change: Change) -> dict[str, Any] | None:
    """What a message says; None if it is nothing to the listener, or not for their role."""
    about = {"id": change.id, "event": change.event}
    if change.tenant != acting.account:
        return about if change.topic == _MEMBERSHIP else None
    if change.topic in _NEEDS and not acting.may(_NEEDS[change.topic]):
        return None
    reads = acting.reads(edge)
    if change.topic == "progress":
        return change.data
    if change.topic == "video":
        row = await reads.one(VIDEOS, videos, videos.c.video_id == change.id)
        return {**about, **video_summary(row, edge.hub.progress(reads.tenant, change.id))} if row else None
    if change.topic == "channel":
        row = await reads.one(CHANNELS, channels, channels.c.channel_id == change.id)
        return {**about, **channel_view(row)} if row else None
    if change.topic == "ticket":
        row = await reads.one(TICKETS, tickets, tickets.c.ticket_id == change.id)
        return {**about, **ticket_view(row)} if row else None
    return await _told_by_id(edge, acting, change, about)


async def _told_by_id(edge: Edge, acting: Acting, change: Change, about: dict[str, Any]) -> dict[str, Any] | None:
    if change.topic == "operation" and not await edge.intents.asked(acting.account, change.id, acting.asked_by):
        return None
    if change.topic == "account" and not acting.may(Permission.SEE_BILLING):
        return {"id": change.id}  # which event it was would tell of payments
    return about


def message(topic: str, id_: str, data: dict[str, Any]) -> bytes:
    """One server-sent event; JSON has no line breaks, so one data line is enough."""
    body = orjson.dumps(data, option=orjson.OPT_UTC_Z)
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (id_.encode(), topic.encode(), body)
