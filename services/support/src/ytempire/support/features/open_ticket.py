"""Open a ticket: read the sealed text, sort it, attach the job, answer at once what can be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from ytempire.events.gateway import TicketRequested
from ytempire.eventstore import Delivery, EventStore, PermanentError, TransientError
from ytempire.support.domain import customer, job
from ytempire.support.domain import ticket as domain
from ytempire.support.domain.categories import Categorised, Phrase, categorise
from ytempire.support.domain.matching import best_match
from ytempire.support.domain.signals import Signal, signals_in
from ytempire.support.ports import Cipher, Now, Opens

_PATIENCE = 6
"""Tries (some two seconds) while what is said of a video may still be on its way."""

log = structlog.get_logger()


@dataclass(frozen=True)
class OpenTicket:
    store: EventStore
    cipher: Cipher
    opener: Opens
    phrases: Sequence[Phrase]
    signals: Sequence[Signal]
    now: Now

    async def request(self, event: TicketRequested, delivery: Delivery) -> None:
        """Decide one request.

        :raises TransientError: while the video it names is not known yet.
        """
        try:
            opened = self.opener.open(event.sealed, self.now())
        except PermanentError as error:
            # the customer must hear of it; what is wrong with the seal is for us
            log.error("ticket cannot be read", ticket=event.ticket_id, reason=str(error))
            await self._reject(event, domain.TEXT_UNREADABLE, delivery)
            return
        subject, message = str(opened.get("subject") or "").strip(), str(opened.get("message") or "").strip()
        refusal = domain.refusal_of(subject, message)
        if refusal is not None:
            await self._reject(event, refusal, delivery)
            return
        sorted_as = categorise(self.phrases, subject, message)
        signals = signals_in(self.signals, subject, message)
        who, _ = await self.store.state(customer.CUSTOMER, customer.stream(event.user_id))
        if event.video_id is None:
            known = await self._guess(who, sorted_as, signals)
        else:
            found = await self._named(event.video_id, event.user_id, delivery)
            if found is None:
                await self._reject(event, domain.VIDEO_NOT_FOUND, delivery)
                return
            known = domain.KnownJob(job.snapshot(found, event.video_id), found.troubled)
        command = domain.Open(
            ticket_id=event.ticket_id,
            user_id=event.user_id,
            subject=await self.cipher.encrypt(event.user_id, "subject", subject),
            message=await self.cipher.encrypt(event.user_id, "message", message),
            sorted_as=sorted_as,
            signals=signals,
            plan=who.active_plan,
            known=known,
            at=self.now(),
        )
        await self.store.execute(domain.TICKET, domain.stream(event.ticket_id), command, claim=delivery.claim)

    async def _named(self, video_id: str, user_id: str, delivery: Delivery) -> job.Job | None:
        """The job of the video a ticket names; None if it is nobody's or somebody else's."""
        found, _ = await self.store.state(job.JOB, job.stream(video_id))
        if found.user_id is None and delivery.attempt < _PATIENCE:
            raise TransientError(f"nothing is known of video {video_id} yet")
        return found if found.user_id == user_id else None

    async def _guess(
        self, who: customer.Customer, sorted_as: Categorised, signals: frozenset[str]
    ) -> domain.KnownJob | None:
        """The job a ticket is most likely about if it speaks of a video but names none."""
        if "about_video" not in signals or sorted_as.category == "feature_request":
            return None
        jobs = {
            listed.video_id: (await self.store.state(job.JOB, job.stream(listed.video_id)))[0] for listed in who.newest
        }
        video_id = best_match(jobs, sorted_as)
        if video_id is None:
            return None
        return domain.KnownJob(job.snapshot(jobs[video_id], video_id), jobs[video_id].troubled)

    async def _reject(self, event: TicketRequested, refusal: domain.Refusal, delivery: Delivery) -> None:
        command = domain.Reject(event.ticket_id, event.user_id, refusal)
        await self.store.execute(domain.TICKET, domain.stream(event.ticket_id), command, claim=delivery.claim)
