"""Move an account to another e-mail address, once its link was followed by somebody who is logged in."""

from __future__ import annotations

from ytempire.events import Rejected
from ytempire.events.gateway import EmailChangeRequested, EmailConfirmationRequested
from ytempire.events.onboarding import EmailChangeStarted, EmailConfirmationRejected
from ytempire.eventstore import NO_STREAM, Delivery, EventStore, PermanentError, StreamAppend, Unit
from ytempire.onboarding.domain import account, links
from ytempire.onboarding.domain.access import ConfirmEmail, StartEmailChange
from ytempire.onboarding.domain.address import ADDRESS, AddressTakenError, Confirm, Release
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.events import EmailLinkIssued, LinkUsed
from ytempire.onboarding.domain.links import LINKS, Link, Purpose
from ytempire.onboarding.features.commit import commit
from ytempire.onboarding.features.letter import letter, letter_with_token
from ytempire.onboarding.features.queue_mail import QueueMail
from ytempire.onboarding.features.sign_up import TAKEN
from ytempire.onboarding.ports import AddressCheck, Cipher, Now, Opens, Tokens

CONFIRM = "confirm_new_address"
ASKED = "address_change_asked"
MOVED = "address_changed"


class ChangeEmail:
    """Handles ``EmailChangeRequested`` and ``EmailConfirmationRequested``."""

    def __init__(
        self,
        store: EventStore,
        cipher: Cipher,
        opens: Opens,
        tokens: Tokens,
        queue: QueueMail,
        is_address: AddressCheck,
        now: Now,
    ) -> None:
        self._store, self._cipher, self._opens, self._tokens = store, cipher, opens, tokens
        self._queue, self._is_address, self._now = queue, is_address, now

    async def start(self, event: EmailChangeRequested, delivery: Delivery) -> None:
        if await self._store.claimed(delivery.claim) is not None:
            return
        try:
            email = str(self._opens.open(event.sealed, self._now()).get("email") or "").strip()
        except PermanentError:
            email = ""  # waited too long to be opened: nothing that mail could be sent to
        address, _ = await self._store.state(ADDRESS, f"email-{event.email_digest}")
        holder = address.holder_at(self._now())
        taken_from = holder if holder != event.user_id else None
        committed = await commit(self._store, lambda: self._started(event, email, taken_from, delivery))
        if taken_from is not None and not committed.duplicate:
            # answered like a free address; its owner alone is told
            await self._queue(taken_from, TAKEN, (taken_from, self._now().date().isoformat()), {})

    async def confirm(self, event: EmailConfirmationRequested, delivery: Delivery) -> None:
        stream = links.stream_of(Purpose.EMAIL, event.token_digest)
        await commit(self._store, lambda: self._confirmed(event.user_id, stream, delivery))

    async def _started(
        self, event: EmailChangeRequested, email: str, taken_from: str | None, delivery: Delivery
    ) -> Unit:
        user_id, name = event.user_id, account.stream_of(event.user_id)
        known, version = await self._store.state(ACCOUNT, name)
        command = StartEmailChange(user_id, event.email_digest, self._now(), self._is_address(email))
        decided = ACCOUNT.decide(known, command)
        appends = [StreamAppend(name, decided, version)]
        for started in decided:
            if isinstance(started, Rejected):
                continue
            assert isinstance(started, EmailChangeStarted)
            appends.append(letter(user_id, ASKED, delivery.envelope.id, {"at": self._now().isoformat()}))
            if taken_from is None:
                appends += await self._link(event, email, started, known.generation, delivery)
        return Unit(appends, delivery.claim)

    async def _link(
        self, event: EmailChangeRequested, email: str, started: EmailChangeStarted, generation: int, delivery: Delivery
    ) -> list[StreamAppend]:
        user_id, token = event.user_id, self._tokens.new()
        sealed = await self._cipher.encrypt(user_id, "email", email)
        issued = EmailLinkIssued(
            user_id=user_id,
            email=sealed,
            email_digest=event.email_digest,
            expires_at=started.expires_at,
            generation=generation,
        )
        link = links.stream_of(Purpose.EMAIL, self._tokens.digest(token))
        mail = await letter_with_token(self._cipher, user_id, CONFIRM, delivery.envelope.id, token, to=sealed)
        return [StreamAppend(link, (issued,), NO_STREAM), mail]

    async def _confirmed(self, user_id: str, stream: str, delivery: Delivery) -> Unit:
        name = account.stream_of(user_id)
        known, version = await self._store.state(ACCOUNT, name)
        link, followed = await self._store.state(LINKS[Purpose.EMAIL], stream)
        decided = ACCOUNT.decide(known, ConfirmEmail(user_id, link, self._now()))
        if isinstance(decided[0], Rejected):
            return Unit((StreamAppend(name, decided, version),), delivery.claim)
        try:
            addresses = await self._addresses(known, user_id, link)
        except AddressTakenError:
            message = "This address has an account of its own meanwhile. Use another one."
            taken = EmailConfirmationRejected(user_id=user_id, code="email_taken", field="token", message=message)
            return Unit((StreamAppend(name, (taken,), version),), delivery.claim)
        assert known.profile is not None
        moved = known.profile.model_copy(update={"email": link.email})
        told = letter(user_id, MOVED, delivery.envelope.id, {"at": self._now().isoformat()}, known.profile.email)
        used = StreamAppend(stream, (LinkUsed(user_id=user_id),), followed)
        return Unit((*addresses, used, StreamAppend(name, (moved, *decided), version), told), delivery.claim)

    async def _addresses(self, known: account.Account, user_id: str, link: Link) -> list[StreamAppend]:
        """The new address taken, the old one given up after a while."""
        now, new = self._now(), f"email-{link.email_digest}"
        state, version = await self._store.state(ADDRESS, new)
        appends = [StreamAppend(new, ADDRESS.decide(state, Confirm(user_id, now)), version)]
        if known.email_digest is not None:
            old = f"email-{known.email_digest}"
            state, version = await self._store.state(ADDRESS, old)
            appends.append(StreamAppend(old, ADDRESS.decide(state, Release(user_id, now)), version))
        return appends
