"""Support tickets and operations."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from ytempire.events.gateway import TicketRequested
from ytempire.eventstore import NO_STREAM
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, Json, answer, known_id, spoken
from ytempire.gateway.http.fields import Body, Message, Subject
from ytempire.gateway.http.identity import EdgeNow, Overview, WorkReads, WorkWrites
from ytempire.gateway.http.videos import video_row
from ytempire.gateway.problems import Problem, from_rejection, not_found
from ytempire.gateway.projections.tickets import TICKETS, replies, tickets
from ytempire.gateway.views import ticket_view

router = APIRouter(prefix=API, tags=["support"], responses=PROBLEMS)

_SEALED_FOR = timedelta(days=7)


class TicketBody(Body):
    subject: Subject
    message: Message
    video_id: str | None = None


@router.post("/tickets", status_code=201, responses=PENDING, summary="Ask support")
async def open_ticket(body: TicketBody, write: WorkWrites, edge: EdgeNow) -> Response:
    if body.video_id is not None:
        try:
            await video_row(write.reads, body.video_id)
        except Problem as problem:
            raise not_found("video", "/video_id") from problem
    reservation = await write.reserve()
    ticket_id = reservation.resource_id
    text = {"subject": body.subject, "message": body.message}
    event = TicketRequested(
        ticket_id=ticket_id,
        user_id=write.user_id,
        video_id=body.video_id,
        sealed=edge.sealer.seal("support", text, edge.clock.now(), _SEALED_FOR),
    )
    outcome = await edge.intents.request(write.user_id, reservation, f"ticket-{ticket_id}", event, NO_STREAM)
    return answer(outcome, created=f"{API}/tickets/{ticket_id}", resource={"ticket_id": ticket_id})


@router.get("/tickets", summary="Your tickets, newest first")
async def list_tickets(reads: WorkReads, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
    rows = await reads.rows(TICKETS, tickets, order=(tickets.c.ticket_id.desc(),), limit=limit)
    return Json({"tickets": [ticket_view(row) for row in rows]})


@router.get("/tickets/{ticket_id}", summary="One ticket with its answers")
async def get_ticket(ticket_id: str, reads: WorkReads) -> Response:
    row = await reads.one(TICKETS, tickets, tickets.c.ticket_id == known_id(ticket_id, "ticket"))
    if row is None:
        raise not_found("ticket")
    said = await reads.rows(TICKETS, replies, replies.c.ticket_id == ticket_id, order=(replies.c.event_id,))
    return Json(ticket_view(row, said))


@router.get("/operations/{operation_id}", tags=["operations"], summary="What came of a request that was answered 202")
async def operation(operation_id: str, edge: EdgeNow, acting: Overview) -> Response:
    # what others asked of the account is the owner's alone to follow
    found = await edge.intents.find(acting.account, known_id(operation_id, "operation"), acting.asked_by)
    if found is None:
        raise not_found("operation")
    shown = {"operation_id": operation_id, "intent": found.intent, "status": found.status}
    if found.status == "pending":
        return Json(shown, headers={"Retry-After": "1"})
    if found.status == "rejected":
        return Json({**shown, "problem": from_rejection(found.data).document(f"{API}/operations/{operation_id}")})
    return Json({**shown, "result": spoken(found.data)})
