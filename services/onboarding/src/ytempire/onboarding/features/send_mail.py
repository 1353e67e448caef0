"""Send a queued mail and say that it was sent.

SMTP can neither be asked whether it took a mail nor told to take it once. So a mail is sent at least once: if the
process dies between the server's acceptance and our ``MailSent`` (milliseconds: nothing happens in between) the mail
is sent again, with the same Message-ID, by which receivers recognise a repetition. See README.md.
"""

from __future__ import annotations

import structlog

from ytempire.events.onboarding import MailSent
from ytempire.eventstore import Delivery, EventStore
from ytempire.eventstore.vault import ERASED
from ytempire.onboarding.domain import account, mail
from ytempire.onboarding.domain.decisions import ACCOUNT, UnknownAccountError
from ytempire.onboarding.domain.events import MailQueued, MailWithheld
from ytempire.onboarding.ports import AddressRefusedError, Cipher, Letters, Post, Postman

MAIL_DOMAIN = "ytempire.example"
log = structlog.get_logger()


class SendMail:
    """Handles ``MailQueued``."""

    def __init__(self, store: EventStore, cipher: Cipher, letters: Letters, postman: Postman, public_url: str) -> None:
        self._store, self._cipher, self._letters, self._postman = store, cipher, letters, postman
        self._public_url = public_url.rstrip("/")

    async def __call__(self, event: MailQueued, delivery: Delivery) -> None:
        stream = mail.stream_of(event.mail_id)
        state, _ = await self._store.state(mail.MAIL, stream)
        if state.finished:
            return
        post = await self._post(event)
        if post is None:
            await self._withhold(event, "erased", delivery)
            return
        # rendered before, appended right after: as little as possible between acceptance and record
        sent = MailSent(user_id=event.user_id, template=event.template, message_id=post.message_id)
        try:
            await self._postman.send(post)
        except AddressRefusedError:
            log.warning("the mail server refuses an address", mail=event.mail_id, template=event.template)
            await self._withhold(event, "address_refused", delivery)
            return
        await self._store.append(stream, sent, claim=delivery.claim)

    async def _post(self, event: MailQueued) -> Post | None:
        """The letter with its address; None if its receiver was erased."""
        owner, _ = await self._store.state(ACCOUNT, account.stream_of(event.user_id))
        if owner.profile is None:
            raise UnknownAccountError(f"mail {event.mail_id} is for an account that is not here")
        decrypt, subject = self._cipher.decrypt, event.subject or event.user_id
        email = await decrypt(subject, "email", event.to or owner.profile.email)
        if email == ERASED:
            return None
        secrets = {
            name: await decrypt(subject, mail.secret_field(event.mail_id, name), value)
            for name, value in event.personal.items()
        }
        # who is no customer has no name here
        full_name = "" if event.subject else await self._name_of(event.user_id)
        about = {"about": mail.presentable(await self._name_of(event.about))} if event.about else {}
        values = {**event.data, **secrets, **about, "full_name": full_name, "public_url": self._public_url}
        stop = secrets.get(mail.UNSUBSCRIBE)
        address = f"{self._public_url}{mail.UNSUBSCRIBE_PATH}?token={stop}" if stop else None
        if address:
            values["unsubscribe_url"] = address
        letter = self._letters.write(event.template, values, owner.timezone)
        return Post(email, letter, f"<{event.mail_id}@{MAIL_DOMAIN}>", address)

    async def _name_of(self, user_id: str) -> str:
        known, _ = await self._store.state(ACCOUNT, account.stream_of(user_id))
        return await self._cipher.decrypt(user_id, "full_name", known.profile.full_name) if known.profile else ""

    async def _withhold(self, event: MailQueued, code: str, delivery: Delivery) -> None:
        withheld = MailWithheld(mail_id=event.mail_id, user_id=event.user_id, template=event.template, code=code)
        await self._store.append(mail.stream_of(event.mail_id), withheld, claim=delivery.claim)
