"""Where somebody is logged in, and ending it elsewhere."""

from __future__ import annotations

from fastapi import APIRouter, Response

from ytempire.gateway.http.answers import API, PROBLEMS, Json, known_id
from ytempire.gateway.http.identity import EdgeNow, Personal

router = APIRouter(prefix=API, tags=["account"], responses=PROBLEMS)


@router.get("/sessions", summary="Where you are logged in")
async def list_sessions(acting: Personal, edge: EdgeNow) -> Response:
    """`device` is what the browser says it is, `place` the part of the network address that is kept, `last_used_at`
    the last time the session was continued with its refresh token."""
    shown = [
        {
            "session_id": session.session_id,
            "begun_at": session.begun_at,
            "last_used_at": session.used_at,
            "device": session.device,
            "place": session.place,
            "current": session.session_id == acting.access.session_id,
        }
        for session in await edge.log_in.sessions(acting.person)
    ]
    return Json({"sessions": shown})


@router.delete("/sessions", summary="End every session but this one")
async def end_other_sessions(acting: Personal, edge: EdgeNow) -> Response:
    return Json({"ended": await edge.log_in.end_others(acting.person, acting.access.session_id)})


@router.delete("/sessions/{session_id}", status_code=204, summary="End one session; its tokens are refused at once")
async def end_session(session_id: str, acting: Personal, edge: EdgeNow) -> Response:
    await edge.log_in.end(acting.person, known_id(session_id, "session"))
    return Response(status_code=204)
