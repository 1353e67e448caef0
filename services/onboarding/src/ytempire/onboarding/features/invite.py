"""Invite somebody into an account, or mail an open invitation again: a letter with a link, and the list's own copy of
the address, which is sealed for as long as the invitation can be open."""

from __future__ import annotations

from ytempire.events.gateway import InvitationRequested, InvitationResendRequested
from ytempire.events.onboarding import InvitationRejected, InvitationResent, MemberInvited
from ytempire.eventstore import NO_STREAM, Delivery, EventStore, PermanentError, StreamAppend, Unit
from ytempire.eventstore.vault import ERASED
from ytempire.onboarding.domain import account, mail, members
from ytempire.onboarding.domain.address import ADDRESS
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.events import InvitationLinkIssued, MailQueued
from ytempire.onboarding.domain.membership import MEMBERS, Command, Invite, Letter, Resend
from ytempire.onboarding.features.commit import commit
from ytempire.onboarding.ports import AddressCheck, Cipher, Now, Opens, Seals, Tokens

TEMPLATE = "invitation"


class InviteMember:
    """Handles ``InvitationRequested`` and ``InvitationResendRequested``."""

    def __init__(
        self,
        store: EventStore,
        cipher: Cipher,
        opens: Opens,
        seals: Seals,
        tokens: Tokens,
        is_address: AddressCheck,
        now: Now,
    ) -> None:
        self._store, self._cipher, self._opens, self._seals = store, cipher, opens, seals
        self._tokens, self._is_address, self._now = tokens, is_address, now

    async def invite(self, event: InvitationRequested, delivery: Delivery) -> None:
        if await self._store.claimed(delivery.claim) is not None:
            return
        try:
            email = str(self._opens.open(event.sealed, self._now()).get("email") or "").strip()
        except PermanentError:
            await self._refuse(event, delivery, "invitation_late", "", "This waited too long. Invite them again.")
            return
        if not self._is_address(email):
            message = "This is no e-mail address we can send to. Check it for mistakes."
            await self._refuse(event, delivery, "invalid_email", "email", message)
            return
        address = await self._cipher.encrypt(event.invitation_id, "email", email)
        token = self._tokens.new()

        async def decided() -> Unit:
            now = self._now()
            owner, _ = await self._store.state(ACCOUNT, account.stream_of(event.user_id))
            held, _ = await self._store.state(ADDRESS, f"email-{event.email_digest}")
            command = Invite(
                event.user_id,
                event.invitation_id,
                event.email_digest,
                event.role,
                self._letter(address, token, email),
                owner.verified,
                held.holder == event.user_id,
                now,
            )
            return await self._decided(command, address, token, delivery)

        await commit(self._store, decided)

    async def resend(self, event: InvitationResendRequested, delivery: Delivery) -> None:
        if await self._store.claimed(delivery.claim) is not None:
            return
        stream, token = members.stream_of(event.user_id), self._tokens.new()

        async def decided() -> Unit:
            now = self._now()
            state, _ = await self._store.state(MEMBERS, stream)
            known, letter, address = state.invitation(event.invitation_id, now), None, ""
            if known is not None:
                address = known.letter.address
                email = await self._cipher.decrypt(event.invitation_id, "email", address)
                letter = self._letter(address, token, email) if email != ERASED else None
            command = Resend(event.user_id, event.invitation_id, letter, now)
            return await self._decided(command, address, token, delivery)

        await commit(self._store, decided)

    def _letter(self, address: str, token: str, email: str) -> Letter:
        sealed = self._seals.seal("gateway", {"email": email}, self._now(), members.INVITATION_LIFE)
        return Letter(address, self._tokens.digest(token), sealed)

    async def _decided(self, command: Command, address: str, token: str, delivery: Delivery) -> Unit:
        """The decision, and with an invitation its link and its mail."""
        stream = members.stream_of(command.user_id)
        state, version = await self._store.state(MEMBERS, stream)
        events = MEMBERS.decide(state, command)
        timers, cancel = MEMBERS.timers(state, events)
        appends = [StreamAppend(stream, events, version)]
        for event in events:
            if isinstance(event, MemberInvited | InvitationResent):
                role = event.role if isinstance(event, MemberInvited) else state.invitations[event.invitation_id].role
                appends += await self._sent(event, role, address, token)
        return Unit(appends, delivery.claim, timers, cancel)

    async def _sent(
        self, event: MemberInvited | InvitationResent, role: str, address: str, token: str
    ) -> list[StreamAppend]:
        invitation_id, digest = event.invitation_id, self._tokens.digest(token)
        mail_id = mail.mail_id_for(TEMPLATE, invitation_id, digest)
        secret = await self._cipher.encrypt(invitation_id, mail.secret_field(mail_id, "token"), token)
        queued = MailQueued(
            mail_id=mail_id,
            user_id=event.user_id,
            template=TEMPLATE,
            data={"role": role, "expires_at": event.expires_at.isoformat()},
            personal={"token": secret},
            to=address,
            subject=invitation_id,
            about=event.user_id,
        )
        link = InvitationLinkIssued(user_id=event.user_id, invitation_id=invitation_id)
        return [
            StreamAppend(f"invitation-{digest}", (link,), NO_STREAM),
            StreamAppend(mail.stream_of(mail_id), (queued,), NO_STREAM),
        ]

    async def _refuse(
        self, event: InvitationRequested, delivery: Delivery, code: str, field: str, message: str
    ) -> None:
        rejected = InvitationRejected(user_id=event.user_id, code=code, field=field, message=message)
        await self._store.append(members.stream_of(event.user_id), rejected, claim=delivery.claim)
