"""A subscription that runs: what it is, and changing it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ytempire.events.gateway import PlanChangePreviewRequested, SubscriptionChangeRequested
from ytempire.events.plans import Interval
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, Json, answer
from ytempire.gateway.http.fields import Body, Word
from ytempire.gateway.http.identity import BillingReads, BillingWrites, EdgeNow
from ytempire.gateway.projections.accounts import ACCOUNTS, accounts
from ytempire.gateway.projections.payments import PAYMENTS, cards, discounts, happenings, invoices, taxes
from ytempire.gateway.timeline import sentence
from ytempire.gateway.views import billing_view

router = APIRouter(prefix=API, tags=["billing"], responses=PROBLEMS)


class ChangeBody(Body):
    change: Literal["cancel_now", "cancel_at_period_end", "resume", "change_plan", "pause", "end_pause"]
    plan: Word | None = None
    interval: Interval = "month"
    months: Annotated[int, Field(ge=1, le=3)] | None = None
    """How long a pause is to be."""

    @model_validator(mode="after")
    def _a_plan_for_a_change_of_plan(self) -> Self:
        if (self.change == "change_plan") != (self.plan is not None):
            raise PydanticCustomError("plan_misplaced", "Name a plan to change the plan, and only then.")
        if (self.change == "pause") != (self.months is not None):
            raise PydanticCustomError("months_misplaced", "Say for how many months to pause, 1 to 3, and only then.")
        return self


@router.get("/billing/timeline", summary="What happened to the subscription, a sentence each, oldest first")
async def timeline(reads: BillingReads) -> Response:
    rows = await reads.rows(PAYMENTS, happenings, order=(happenings.c.at, happenings.c.event_id))
    told = [{"at": row["at"], "event": row["kind"], "text": sentence(row["kind"], row["data"])} for row in rows]
    return Json({"timeline": told})


class PreviewBody(Body):
    plan: Word
    interval: Interval = "month"
    discount_code: Word | None = None


@router.get("/billing", summary="The subscription, what it allows, how it goes on, and how it is paid")
async def billing(reads: BillingReads) -> Response:
    newest = (invoices.c.period_start.desc().nulls_first(), invoices.c.invoice_id)
    account, card = await reads.one(ACCOUNTS, accounts), await reads.one(PAYMENTS, cards)
    tax, discount = await reads.one(PAYMENTS, taxes), await reads.one(PAYMENTS, discounts)
    return Json(billing_view(account, card, await reads.rows(PAYMENTS, invoices, order=newest), tax, discount))


@router.post("/billing/preview", responses=PENDING, summary="What another plan would cost, before it is chosen")
async def preview(body: PreviewBody, write: BillingWrites, edge: EdgeNow) -> Response:
    event = PlanChangePreviewRequested(
        user_id=write.user_id, plan=body.plan, interval=body.interval, discount_code=body.discount_code
    )
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))


@router.post(
    "/billing/subscription",
    responses=PENDING,
    summary="Cancel, resume or change the plan: a dearer one begins at once, a cheaper one with the next period",
)
async def change(body: ChangeBody, write: BillingWrites, edge: EdgeNow) -> Response:
    event = SubscriptionChangeRequested(
        user_id=write.user_id, change=body.change, plan=body.plan, interval=body.interval, months=body.months or 0
    )
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))
