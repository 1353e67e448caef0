"""The journey's steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from ytempire.events.gateway import (
    NicheChoiceRequested,
    NichesRequested,
    PaymentSetupRequested,
    PlanSelectionRequested,
)
from ytempire.events.plans import Interval, Offer, on_offer
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, Json, answer, money
from ytempire.gateway.http.fields import Body, Email, Name, ProviderId, Word
from ytempire.gateway.http.identity import ActingNow, BillingWrites, EdgeNow, WorkReads, WorkWrites
from ytempire.gateway.projections.accounts import ACCOUNTS, accounts, steps
from ytempire.gateway.roles import Permission
from ytempire.gateway.views import onboarding_view

router = APIRouter(prefix=API, tags=["onboarding"], responses=PROBLEMS)

_SEALED_FOR = timedelta(days=7)


class PlanBody(Body):
    plan: Word
    interval: Interval = "month"


class PaymentBody(Body):
    payment_method_id: ProviderId
    billing_name: Name
    billing_email: Email
    discount_code: Word | None = None


class NichesBody(Body):
    interests: Annotated[list[Word], Field(min_length=1, max_length=20)]
    experience: Word = "beginner"
    budget_usd: Annotated[int, Field(ge=0, le=1_000_000)] = 100


class ChoiceBody(Body):
    niche_ids: Annotated[list[Word], Field(min_length=1, max_length=25)]


@router.get("/plans", summary="The price list")
async def plans(edge: EdgeNow) -> Response:
    shown = [_offer(offer) for offer in on_offer(edge.clock.now()).values()]
    return Json({"plans": shown, "card_form_url": edge.settings.card_form_url or None})


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "plan": offer.plan,
        "price": money(offer.monthly.micros, offer.monthly.currency),
        "price_yearly": money(offer.yearly.micros, offer.yearly.currency),
        "channels": offer.channels,
        "videos_per_day": offer.videos_per_day,
        "trial_days": offer.trial_days,
    }


@router.get("/onboarding", summary="How far the journey is, and what was chosen")
async def onboarding(reads: WorkReads, acting: ActingNow) -> Response:
    row = await reads.one(ACCOUNTS, accounts)
    done, billing = await reads.rows(ACCOUNTS, steps), acting.may(Permission.SEE_BILLING)
    return Json(onboarding_view(reads.tenant, row, done, billing=billing))


@router.post("/onboarding/plan", responses=PENDING, summary="Choose a plan")
async def choose_plan(body: PlanBody, write: BillingWrites, edge: EdgeNow) -> Response:
    event = PlanSelectionRequested(user_id=write.user_id, plan=body.plan, interval=body.interval)
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))


@router.post("/onboarding/payment", responses=PENDING, summary="Pay the chosen plan with a payment method of Stripe")
async def set_up_payment(body: PaymentBody, write: BillingWrites, edge: EdgeNow) -> Response:
    receipt = {"name": body.billing_name, "email": body.billing_email}
    event = PaymentSetupRequested(
        user_id=write.user_id,
        payment_method_id=body.payment_method_id,
        sealed=edge.sealer.seal("billing", receipt, edge.clock.now(), _SEALED_FOR),
        discount_code=body.discount_code,
    )
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))


@router.post("/onboarding/niches", responses=PENDING, summary="Five niches that fit, each with the parts of its score")
async def find_niches(body: NichesBody, write: WorkWrites, edge: EdgeNow) -> Response:
    event = NichesRequested(
        user_id=write.user_id,
        interests=tuple(body.interests),
        experience=body.experience,
        budget_usd=body.budget_usd,
    )
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))


@router.post("/onboarding/niches/choice", responses=PENDING, summary="Choose among the recommended niches")
async def choose_niches(body: ChoiceBody, write: WorkWrites, edge: EdgeNow) -> Response:
    event = NicheChoiceRequested(user_id=write.user_id, niche_ids=tuple(body.niche_ids))
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))
