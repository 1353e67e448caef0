"""The second factor: switching it on and off. Logging in with it is in ``auth.py``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints

from ytempire.gateway.http.answers import API, PROBLEMS, Json
from ytempire.gateway.http.fields import Body, GivenPassword, Word
from ytempire.gateway.http.identity import EdgeNow, Personal, PersonalWrites

router = APIRouter(prefix=f"{API}/auth/second-factor", tags=["account"], responses=PROBLEMS)

Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=6, max_length=40),
    Field(description="Six digits of the authenticator app, or a recovery code"),
]


class EnrolBody(Body):
    password: GivenPassword
    label: Annotated[Word, Field(description="What the app shows beside YTEMPIRE, such as the e-mail address")] = "you"


class CodeBody(Body):
    code: Code


class ProofBody(Body):
    password: GivenPassword
    code: Code


@router.get("", summary="Whether log-ins need a second factor, and how many recovery codes are left")
async def state(acting: Personal, edge: EdgeNow) -> Response:
    factor = await edge.second_factor.state(acting.person)
    return Json({"on": factor is not None, "recovery_codes_left": factor.recovery_codes_left if factor else 0})


@router.post("", status_code=201, summary="Begin to switch it on: a secret for an authenticator app, shown once")
async def enrol(body: EnrolBody, write: PersonalWrites, edge: EdgeNow) -> Response:
    """It holds from the first code that is confirmed on. The answer is not kept: a repeated request makes a new secret.
    Refusals: 422 `wrong_password`, 409 `second_factor_on`, 429 `too_many_attempts`, 503 `busy`."""
    begun = await edge.second_factor.enrol(write.acting.person, body.password, body.label)
    return Json(asdict(begun), 201)


@router.post("/confirm", summary="Switch it on with the app's first code: ten recovery codes, shown once")
async def confirm(body: CodeBody, write: PersonalWrites, edge: EdgeNow) -> Response:
    """Refusals: 422 `wrong_code`, 409 `nothing_to_confirm`, 429 `too_many_attempts`."""
    return Json({"recovery_codes": await edge.second_factor.confirm(write.acting.person, body.code)})


@router.post("/codes", summary="Ten new recovery codes, shown once; the old ones end")
async def renew(body: ProofBody, write: PersonalWrites, edge: EdgeNow) -> Response:
    """Refusals: 422 `wrong_password` and `wrong_code`, 409 `second_factor_off`, 429 `too_many_attempts`, 503 `busy`."""
    fresh = await edge.second_factor.renew_codes(write.acting.person, body.password, body.code)
    return Json({"recovery_codes": fresh})


@router.post("/off", status_code=204, summary="Switch it off, with password and code")
async def switch_off(body: ProofBody, write: PersonalWrites, edge: EdgeNow) -> Response:
    """Refusals: 422 `wrong_password` and `wrong_code`, 409 `second_factor_off`, 429 `too_many_attempts`, 503 `busy`."""
    await edge.second_factor.switch_off(write.acting.person, body.password, body.code)
    return Response(status_code=204)
