"""Providers' webhooks: the raw body, its signature, nothing else."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from ytempire.gateway.http.answers import API, PROBLEMS, Json
from ytempire.gateway.http.identity import EdgeNow, network_address

router = APIRouter(prefix=API, tags=["webhooks"], responses=PROBLEMS)


@router.post("/webhooks/stripe", summary="Stripe's notices")
async def stripe(
    request: Request,
    edge: EdgeNow,
    signature: Annotated[str, Header(alias="Stripe-Signature")] = "",
) -> Response:
    webhook_id = await edge.webhooks.stripe(await request.body(), signature, network_address(request))
    return Json({"received": True, "id": webhook_id})
