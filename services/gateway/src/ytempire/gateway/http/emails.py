"""The e-mail address of an account."""

from __future__ import annotations

from fastapi import APIRouter, Response

from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, answer
from ytempire.gateway.http.fields import Body, Email, GivenPassword
from ytempire.gateway.http.identity import EdgeNow, PersonalWrites
from ytempire.gateway.http.passwords import Token

router = APIRouter(prefix=API, tags=["account"], responses=PROBLEMS)


class EmailBody(Body):
    email: Email
    password: GivenPassword


class EmailConfirmationBody(Body):
    token: Token


@router.post("/auth/email", summary="Ask for another e-mail address", responses=PENDING)
async def change_email(body: EmailBody, write: PersonalWrites, edge: EdgeNow) -> Response:
    """A link goes to the new address, a note to the old one. An address that has an account is answered alike."""
    await edge.prove_password(write.acting.person, body.password, "/password")
    outcome = await edge.change_email.start(write.acting.person, body.email, await write.reserve())
    return answer(outcome, lambda data: {"status": "link_sent", "expires_at": data["expires_at"]})


@router.post("/auth/email/confirm", summary="Follow the link that was sent to the new address", responses=PENDING)
async def confirm_email(body: EmailConfirmationBody, write: PersonalWrites, edge: EdgeNow) -> Response:
    """From then on the new address is the one to log in with. The old one is kept free of others for 14 days."""
    outcome = await edge.change_email.confirm(write.acting.person, body.token, await write.reserve())
    return answer(outcome, lambda _: {"status": "changed"})
