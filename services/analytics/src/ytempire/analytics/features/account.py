"""Post revenue, cost, publications and subscription days to the ledger of the day they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ytempire.analytics.domain import ledger, video
from ytempire.analytics.domain.events import CostNoted, EntryPosted, FailureNoted
from ytempire.chassis import Clock
from ytempire.events import Money
from ytempire.events.analytics import RevenueAdjusted, RevenueRecorded
from ytempire.events.billing import InvoicePaid
from ytempire.events.media import CostIncurred, VideoRenderFailed
from ytempire.events.publisher import VideoPublished
from ytempire.eventstore import Claim, Delivery, EventStore, PermanentError


@dataclass(frozen=True)
class Account:
    store: EventStore
    clock: Clock

    async def note_cost(self, event: CostIncurred, delivery: Delivery) -> None:
        fact = CostNoted(
            **event.model_dump(include={"video_id", "user_id", "channel_id", "cost_id", "amount"}),
            day=delivery.envelope.time.date(),
        )
        await self._video(event.video_id, fact, delivery)

    async def note_failure(self, event: VideoRenderFailed, delivery: Delivery) -> None:
        fact = FailureNoted(video_id=event.video_id, user_id=event.user_id, channel_id=event.channel_id)
        await self._video(event.video_id, fact, delivery)

    async def post_costs(self, event: CostNoted | FailureNoted, delivery: Delivery) -> None:
        """Every cost of the video under its key: the customer's, or the platform's once the video failed."""
        state, _ = await self.store.state(video.VIDEO, video.stream(event.video_id))
        for cost in state.costs.values():
            entry = EntryPosted(
                key=f"cost-{cost.cost_id}",
                kind="platform_cost" if state.failed else "cost",
                micros=_usd(cost.amount),
            )
            await self._post(cost.user_id, cost.channel_id, cost.day, entry, delivery.step(entry.key))

    async def post_revenue(self, event: RevenueRecorded | RevenueAdjusted, delivery: Delivery) -> None:
        entry = EntryPosted(
            key=f"revenue-{event.source}-{event.reference}",
            kind="revenue",
            micros=_usd(event.amount),
            source=event.source,
            videos=tuple(line.video_id for line in event.lines if line.video_id and line.amount.micros > 0),
        )
        await self._post(event.user_id, event.channel_id, event.day, entry, delivery.claim)

    async def post_publication(self, event: VideoPublished, delivery: Delivery) -> None:
        entry = EntryPosted(key=f"publication-{event.video_id}", kind="publication", micros=0)
        await self._post(event.user_id, event.channel_id, event.published_at.date(), entry, delivery.claim)

    async def post_invoice(self, event: InvoicePaid, delivery: Delivery) -> None:
        """What was invoiced, spread evenly over the days it pays for; a trial's invoice of nothing posts nothing."""
        if event.net.micros == 0:
            return
        for day, share in ledger.subscription_days(_usd(event.net), event.period_start, event.period_end):
            entry = EntryPosted(key=f"invoice-{event.invoice_id}", kind="subscription", micros=share)
            await self._post(event.user_id, None, day, entry, delivery.step(day.isoformat()))

    async def _video(self, video_id: str, fact: CostNoted | FailureNoted, delivery: Delivery) -> None:
        await self.store.execute(video.VIDEO, video.stream(video_id), video.Record(fact), claim=delivery.step("note"))

    async def _post(self, user_id: str, channel_id: str | None, day: date, entry: EntryPosted, claim: Claim) -> None:
        command = ledger.Post(user_id, channel_id, day, entry, self.clock.now())
        await self.store.execute(ledger.LEDGER, ledger.stream(user_id, channel_id, day), command, claim=claim)


def _usd(amount: Money) -> int:
    if amount.currency != "USD":
        raise PermanentError(f"the ledger is kept in USD; {amount.currency} needs a dated rate")
    return amount.micros
