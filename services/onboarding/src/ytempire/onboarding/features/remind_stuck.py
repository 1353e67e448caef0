"""Remind those whose journey stands still, as long as they want it."""

from __future__ import annotations

from ytempire.events.gateway import ReminderChoiceRequested
from ytempire.events.onboarding import MemberJoined, OnboardingStepCompleted
from ytempire.eventstore import (
    NO_STREAM,
    Delivery,
    EventStore,
    StreamAppend,
    Unit,
    VersionConflictError,
    handling,
)
from ytempire.eventstore.vault import ERASED
from ytempire.onboarding.domain import account, mail
from ytempire.onboarding.domain.address import ADDRESS
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.events import AddressReserved, MailQueued, ReminderDue, UnsubscribeLinkIssued
from ytempire.onboarding.domain.journey import EMAIL_VERIFICATION
from ytempire.onboarding.domain.reminders import (
    LINK,
    REMINDERS,
    Choose,
    Command,
    End,
    Join,
    Remind,
    Stand,
    delays,
    link_stream_of,
    stream_of,
    unknown_link,
)
from ytempire.onboarding.features.commit import on_behalf_of
from ytempire.onboarding.ports import Cipher, Now, Tokens

TEMPLATE_PREFIX = "reminder_"


class RemindStuck:
    """Follows the journey, and what customers say about reminders."""

    def __init__(self, store: EventStore, cipher: Cipher, tokens: Tokens, now: Now) -> None:
        self._store, self._cipher, self._tokens, self._now = store, cipher, tokens, now

    async def address_reserved(self, event: AddressReserved, delivery: Delivery) -> None:
        stand = Stand(event.user_id, EMAIL_VERIFICATION, delivery.envelope.time, event.email_digest)
        await self._execute(event.user_id, stand, delivery)

    async def step_completed(self, event: OnboardingStepCompleted, delivery: Delivery) -> None:
        await self._execute(event.user_id, Stand(event.user_id, event.next_step, delivery.envelope.time), delivery)

    async def joined(self, event: MemberJoined, delivery: Delivery) -> None:
        await self._execute(event.member_id, Join(event.member_id, delivery.envelope.time), delivery)

    async def due(self, event: ReminderDue, delivery: Delivery) -> None:
        """The reminder, its mail and the timer of the next one commit together or not at all."""
        if await self._erased(event.user_id):
            await self._execute(event.user_id, End(event.user_id), delivery)
            return
        state, version = await self._store.state(REMINDERS, stream_of(event.user_id))
        given = tuple(REMINDERS.decide(state, Remind(event)))
        if not given or not await self._awaited(event.user_id, state.email_digest):
            return
        timers, cancel = REMINDERS.timers(state, given)
        appends = [StreamAppend(stream_of(event.user_id), given, version), *await self._mail(event)]
        unit = Unit(appends, delivery.claim, timers, cancel, context=on_behalf_of(event.user_id))
        try:
            await self._store.submit(unit)
        except VersionConflictError:
            # the journey went on or reminders were stopped meanwhile: look again
            await self.due(event, delivery)

    async def choose(self, event: ReminderChoiceRequested, delivery: Delivery) -> None:
        user_id = event.user_id
        if event.token_digest is not None:
            stream = link_stream_of(event.token_digest)
            user_id, _ = await self._store.state(LINK, stream)
            if user_id is None:
                await self._store.append(stream, unknown_link(), claim=delivery.claim)
                return
        if user_id is not None:
            await self._execute(user_id, Choose(user_id, event.wanted, self._now()), delivery)

    async def _execute(self, user_id: str, command: Command, delivery: Delivery) -> None:
        with handling(on_behalf_of(user_id)):
            await self._store.execute(REMINDERS, stream_of(user_id), command, claim=delivery.claim)

    async def _mail(self, due: ReminderDue) -> list[StreamAppend]:
        token, template = self._tokens.new(), TEMPLATE_PREFIX + due.step
        mail_id = mail.mail_id_for(template, due.user_id, due.since.isoformat(), str(due.number))
        field = mail.secret_field(mail_id, mail.UNSUBSCRIBE)
        queued = MailQueued(
            mail_id=mail_id,
            user_id=due.user_id,
            template=template,
            data={"last": "yes" if due.number == len(delays(due.step)) else ""},
            personal={mail.UNSUBSCRIBE: await self._cipher.encrypt(due.user_id, field, token)},
        )
        link = link_stream_of(self._tokens.digest(token))
        return [
            StreamAppend(mail.stream_of(mail_id), (queued,), NO_STREAM),
            StreamAppend(link, (UnsubscribeLinkIssued(user_id=due.user_id),), NO_STREAM),
        ]

    async def _awaited(self, user_id: str, email_digest: str | None) -> bool:
        """Whether an address that is not proven still waits for this account's link: strangers who sign up with
        somebody's address again and again, or with one that has an account by now, have nobody reminded."""
        if email_digest is None:
            return True
        address, _ = await self._store.state(ADDRESS, f"email-{email_digest}")
        return address.holder_at(self._now()) is None and address.applicant == user_id

    async def _erased(self, user_id: str) -> bool:
        owner, _ = await self._store.state(ACCOUNT, account.stream_of(user_id))
        return owner.profile is None or await self._cipher.decrypt(user_id, "email", owner.profile.email) == ERASED
