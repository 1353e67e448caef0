"""Send whoever cannot get in a link: for a sign-up that waits the one that opens it, else one to a new password."""

from __future__ import annotations

from ytempire.events import Rejected
from ytempire.events.gateway import AccessLinkRequested
from ytempire.events.onboarding import AccessLinkRejected, AccessLinkSent
from ytempire.eventstore import NO_STREAM, Delivery, EventStore, StreamAppend, Unit
from ytempire.onboarding.domain import account, links
from ytempire.onboarding.domain.access import SendPasswordLink, lapse_timer
from ytempire.onboarding.domain.address import ADDRESS, Address, Reserve, TooManyLinksError
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.events import PasswordLinkIssued, VerificationIssued
from ytempire.onboarding.domain.links import LIFE, Purpose
from ytempire.onboarding.features.commit import commit, on_behalf_of
from ytempire.onboarding.features.letter import letter_with_token
from ytempire.onboarding.features.sign_up import VERIFY
from ytempire.onboarding.ports import Cipher, Now, Tokens

RESET = "set_new_password"


class SendAccessLink:
    """Handles ``AccessLinkRequested``. Whoever asked is answered alike before this is decided."""

    def __init__(self, store: EventStore, cipher: Cipher, tokens: Tokens, now: Now) -> None:
        self._store, self._cipher, self._tokens, self._now = store, cipher, tokens, now

    async def __call__(self, event: AccessLinkRequested, delivery: Delivery) -> None:
        if await self._store.claimed(delivery.claim) is None:
            await commit(self._store, lambda: self._decided(event.email_digest, delivery))

    async def _decided(self, digest: str, delivery: Delivery) -> Unit:
        address, version = await self._store.state(ADDRESS, f"email-{digest}")
        holder = address.holder_at(self._now())
        if holder is not None and address.free_at is None:
            return await self._to_a_new_password(holder, delivery)
        if holder is None and address.applicant is not None:
            waiting, _ = await self._store.state(ACCOUNT, account.stream_of(address.applicant))
            if not waiting.lapsed:
                return await self._to_the_new_account(address, version, digest, address.applicant, delivery)
        return self._refused(digest, "unknown_email", "There is no account with this address.", delivery)

    async def _to_a_new_password(self, user_id: str, delivery: Delivery) -> Unit:
        name = account.stream_of(user_id)
        known, version = await self._store.state(ACCOUNT, name)
        decided = ACCOUNT.decide(known, SendPasswordLink(user_id, self._now()))
        appends = [StreamAppend(name, decided, version)]
        for sent in decided:
            if isinstance(sent, Rejected):
                continue
            assert isinstance(sent, AccessLinkSent)
            token = self._tokens.new()
            issued = PasswordLinkIssued(user_id=user_id, expires_at=sent.expires_at, generation=known.generation)
            link = links.stream_of(Purpose.RESET, self._tokens.digest(token))
            mail = await letter_with_token(self._cipher, user_id, RESET, delivery.envelope.id, token)
            appends += [StreamAppend(link, (issued,), NO_STREAM), mail]
        return Unit(appends, delivery.claim, context=on_behalf_of(user_id))

    async def _to_the_new_account(
        self, address: Address, version: int, digest: str, user_id: str, delivery: Delivery
    ) -> Unit:
        now, token = self._now(), self._tokens.new()
        lapses_at = now + LIFE[Purpose.VERIFICATION]
        try:
            reserved = ADDRESS.decide(address, Reserve(user_id, digest, now, lapses_at))
        except TooManyLinksError:
            message = "Several links were sent to this address already. Use the newest one."
            return self._refused(digest, "too_many_links", message, delivery)
        issued = VerificationIssued(user_id=user_id, email_digest=digest, expires_at=lapses_at)
        link = links.stream_of(Purpose.VERIFICATION, self._tokens.digest(token))
        sent = AccessLinkSent(user_id=user_id, expires_at=lapses_at)
        appends = (
            StreamAppend(f"email-{digest}", reserved, version),
            StreamAppend(link, (issued,), NO_STREAM),
            StreamAppend(account.stream_of(user_id), (sent,)),
            await letter_with_token(self._cipher, user_id, VERIFY, delivery.envelope.id, token),
        )
        lapse = lapse_timer(user_id, now)
        return Unit(appends, delivery.claim, (lapse,), context=on_behalf_of(user_id))

    def _refused(self, digest: str, code: str, message: str, delivery: Delivery) -> Unit:
        rejected = AccessLinkRejected(code=code, field="email", message=message)
        return Unit((StreamAppend(f"accesslink-{digest}", (rejected,)),), delivery.claim)
