"""Which fact leads to which mail. A mail is named by its occasion, so that a fact that comes twice is told once."""

from __future__ import annotations

from datetime import datetime

from ytempire.chassis import Opener
from ytempire.events import Money
from ytempire.events.billing import (
    DisputeClosed,
    DisputeOpened,
    InvoicePaid,
    PaymentFailed,
    RefundIssued,
    SubscriptionCancelled,
    SubscriptionPaused,
    SubscriptionRecovered,
    SubscriptionResumed,
    SubscriptionStarted,
    TaxChanged,
    TrialEnding,
)
from ytempire.events.media import VideoRendered
from ytempire.events.onboarding import OnboardingCompleted
from ytempire.events.plans import on_offer
from ytempire.events.publisher import PublicationVerified, VideoPublished
from ytempire.events.support import TicketReplied
from ytempire.eventstore import Delivery, EventStore, PermanentError, TransientError
from ytempire.onboarding.domain.events import MailPublicationNoted, MailVideoNoted
from ytempire.onboarding.domain.footage import FOOTAGE, stream_of
from ytempire.onboarding.domain.mail import TICKET_FALLBACK, TICKET_PREFIX
from ytempire.onboarding.features.queue_mail import QueueMail
from ytempire.onboarding.ports import Letters


class TellCustomer:
    """Turns facts of every service into queued mails."""

    def __init__(self, store: EventStore, queue: QueueMail, letters: Letters, opener: Opener) -> None:
        self._store, self._queue, self._letters, self._opener = store, queue, letters, opener

    async def subscription_started(self, event: SubscriptionStarted, at: datetime) -> None:
        offer = on_offer(at).get(event.plan)
        data = {
            "plan": event.plan,
            "price": _spoken(event.price) if event.price else "",
            "interval": event.interval,
            "channels": str(offer.channels) if offer else "",
            "videos_per_day": str(offer.videos_per_day) if offer else "",
            "trial_ends_at": event.trial_ends_at.isoformat() if event.trial_ends_at else "",
            "no_trial": event.no_trial or "",
            "period_end": event.period_end.isoformat(),
        }
        await self._queue(event.user_id, "subscription_started", (event.subscription_id,), data)

    async def trial_ending(self, event: TrialEnding) -> None:
        ends = event.trial_ends_at.isoformat()
        await self._queue(event.user_id, "trial_ending", (event.user_id, ends), {"trial_ends_at": ends})

    async def tax_changed(self, event: TaxChanged, delivery: Delivery) -> None:
        data = event.model_dump(include={"country", "treatment", "percent", "vat_id"})
        await self._queue(event.user_id, "tax_changed", (delivery.envelope.id,), data)

    async def invoice_paid(self, event: InvoicePaid, at: datetime) -> None:
        total = event.net + event.tax
        if total.micros <= 0:
            return  # the invoice of a trial asks for nothing: nobody needs a receipt for it
        data = {
            "total": _spoken(total),
            "net": _spoken(event.net) if event.tax.micros else "",
            "tax": _spoken(event.tax) if event.tax.micros else "",
            "tax_percent": event.tax_percent if event.tax_percent != "0" else "",
            "reverse_charge": "yes" if event.reverse_charge else "",
            "period_start": event.period_start.isoformat(),
            "period_end": event.period_end.isoformat(),
            "invoice_id": event.invoice_id,
        }
        await self._queue(event.user_id, "invoice_paid", (event.invoice_id,), data, self._numbers(event, at))

    def _numbers(self, event: InvoicePaid, at: datetime) -> dict[str, str]:
        """The customer's VAT number; a receipt that comes after the seal's days goes without it, the invoice has it."""
        try:
            return {"vat_id": self._opener.open(event.receipt, at)["vat_id"] if event.receipt else ""}
        except PermanentError:
            return {"vat_id": ""}

    async def payment_failed(self, event: PaymentFailed) -> None:
        again = event.next_attempt_at.isoformat() if event.next_attempt_at else ""
        occasion = (event.invoice_id, str(event.attempt))
        await self._queue(event.user_id, "payment_failed", occasion, {"next_attempt_at": again})

    async def subscription_recovered(self, event: SubscriptionRecovered, delivery: Delivery) -> None:
        # a subscription may recover more than once: each time is an occasion of its own
        occasion = (event.subscription_id, delivery.envelope.id)
        await self._queue(event.user_id, "payment_recovered", occasion, {})

    async def subscription_paused(self, event: SubscriptionPaused, delivery: Delivery) -> None:
        occasion = (event.subscription_id, delivery.envelope.id)
        await self._queue(event.user_id, "subscription_paused", occasion, {"ends_at": event.ends_at.isoformat()})

    async def subscription_resumed(self, event: SubscriptionResumed, delivery: Delivery) -> None:
        await self._queue(event.user_id, "subscription_resumed", (event.subscription_id, delivery.envelope.id), {})

    async def subscription_cancelled(self, event: SubscriptionCancelled) -> None:
        await self._queue(event.user_id, "subscription_cancelled", (event.subscription_id,), {})

    async def refund_issued(self, event: RefundIssued) -> None:
        data = {"total": _spoken(event.amount), "invoice_id": event.invoice_id}
        await self._queue(event.user_id, "refund_issued", (event.invoice_id, event.refund_id), data)

    async def dispute_opened(self, event: DisputeOpened, delivery: Delivery) -> None:
        await self._queue(event.user_id, "dispute_opened", (event.dispute_id,), _disputed(event))

    async def dispute_closed(self, event: DisputeClosed, delivery: Delivery) -> None:
        data = _disputed(event) | {"won": "yes" if event.won else ""}
        await self._queue(event.user_id, "dispute_closed", (event.dispute_id,), data)

    async def journey_completed(self, event: OnboardingCompleted) -> None:
        await self._queue(event.user_id, "welcome", (event.user_id,), {})

    async def video_rendered(self, event: VideoRendered, delivery: Delivery) -> None:
        noted = MailVideoNoted(
            video_id=event.video_id, user_id=event.user_id, title=event.title, duration_s=event.duration_s
        )
        await self._store.append(stream_of(event.video_id), noted, claim=delivery.claim)
        data = {"title": event.title, "length": _length(event.duration_s)}
        await self._queue(event.user_id, "first_video_ready", (event.user_id,), data)

    async def video_published(self, event: VideoPublished, delivery: Delivery) -> None:
        noted = MailPublicationNoted(video_id=event.video_id, user_id=event.user_id, url=event.url)
        await self._store.append(stream_of(event.video_id), noted, claim=delivery.claim)

    async def publication_verified(self, event: PublicationVerified) -> None:
        """
        :raises TransientError: until it is known where the video is and what it is called.
        """
        footage, _ = await self._store.state(FOOTAGE, stream_of(event.video_id))
        if footage.url is None or footage.title is None:
            raise TransientError(f"the title or address of video {event.video_id} has not arrived yet")
        data = {
            "title": footage.title,
            "url": footage.url,
            "privacy": event.privacy,
            "differences": "; ".join(event.differences) if not event.verified else "",
        }
        await self._queue(event.user_id, "video_published", (event.video_id,), data)

    async def ticket_replied(self, event: TicketReplied) -> None:
        template = f"{TICKET_PREFIX}{event.template.removeprefix(TICKET_PREFIX)}"
        if not self._letters.known(template):
            template = TICKET_FALLBACK
        await self._queue(event.user_id, template, (event.ticket_id,), {"ticket": event.ticket_id})


def _disputed(event: DisputeOpened | DisputeClosed) -> dict[str, str]:
    return {"total": _spoken(event.amount), "invoice_id": event.invoice_id}


def _spoken(money: Money) -> str:
    return f"{money.decimal():,.2f} {money.currency}"


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} minutes"
