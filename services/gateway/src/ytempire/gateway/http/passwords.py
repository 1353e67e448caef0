"""Links for who cannot get in, and new passwords."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import StringConstraints

from ytempire.gateway.edge import Edge
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, Json, answer
from ytempire.gateway.http.devices import remember
from ytempire.gateway.http.fields import Body, Email, GivenPassword, Password
from ytempire.gateway.http.identity import EdgeNow, PersonalWrites, StrangerWrites
from ytempire.gateway.intents import Outcome
from ytempire.gateway.problems import from_rejection

router = APIRouter(prefix=API, tags=["account"], responses=PROBLEMS)

Token = Annotated[str, StringConstraints(min_length=1, max_length=512)]
_SENT: dict[str, Any] = {
    "status": "link_sent",
    "message": "If there is something to open with this address, a link is on its way. Look into the mailbox.",
}
"""Said whatever is known of the address."""


class AddressBody(Body):
    email: Email


class NewPasswordBody(Body):
    token: Token
    password: Password


class PasswordBody(Body):
    old_password: GivenPassword
    new_password: Password


@router.post("/auth/verify", summary="Follow the link of the verification mail, and choose the password")
async def verify(body: NewPasswordBody, write: StrangerWrites, edge: EdgeNow) -> Response:
    """Whoever follows the link has the mailbox; nobody chose a password before. A link works once."""
    outcome = await edge.set_password.verify(body.token, body.password, await write.reserve())
    return await _answered(edge, outcome, "verified")


@router.post("/auth/verification/resend", status_code=202, summary="Another verification mail")
async def resend(body: AddressBody, write: StrangerWrites, edge: EdgeNow) -> Response:
    """An address that has an account already gets a link to a new password instead. The answer tells neither."""
    await edge.sign_up.send_link(body.email, await write.reserve())
    return Json(_SENT, 202)


@router.post("/auth/password/forgot", status_code=202, summary="A link to a new password, by mail")
async def forgot(body: AddressBody, write: StrangerWrites, edge: EdgeNow) -> Response:
    """The link is valid for 30 minutes and works once. A sign-up that still waits gets its verification link instead.
    The answer is the same for every address."""
    await edge.sign_up.send_link(body.email, await write.reserve())
    return Json(_SENT, 202)


@router.post("/auth/password/reset", summary="Follow the link to a new password")
async def reset(body: NewPasswordBody, write: StrangerWrites, edge: EdgeNow) -> Response:
    """Every session of the account ends, and only this device is known any more. A second factor stays as it is."""
    outcome = await edge.set_password.reset(body.token, body.password, await write.reserve())
    return await _answered(edge, outcome, "reset")


@router.post("/auth/password", summary="Change the password", responses=PENDING)
async def change(body: PasswordBody, write: PersonalWrites, edge: EdgeNow) -> Response:
    """Every other session of the account ends; its owner gets a mail."""
    await edge.prove_password(write.acting.person, body.old_password, "/old_password")
    outcome = await edge.set_password.change(write.acting.access, body.new_password, await write.reserve())
    return answer(outcome, lambda _: {"status": "changed"})


async def _answered(edge: Edge, outcome: Outcome, done: str) -> Response:
    """For somebody who cannot follow an operation, as nobody is logged in. Their device is known from now on: they have
    the mailbox, so they get in at once, however many strangers guess at the address."""
    if outcome.status == "rejected":
        raise from_rejection(outcome.data)
    if outcome.status == "pending":
        message = "This takes a moment longer. Send the request again with the same Idempotency-Key."
        return Json({"status": "pending", "message": message}, 202, headers={"Retry-After": "1"})
    user_id = str(outcome.data["user_id"])
    answered = Json({"status": done, "user_id": user_id})
    return remember(answered, edge, await edge.log_in.know_this_device_alone(user_id))
