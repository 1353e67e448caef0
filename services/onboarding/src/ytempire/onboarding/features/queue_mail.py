"""Put a mail into the outgoing queue, once for its occasion."""

from __future__ import annotations

from collections.abc import Mapping

from ytempire.eventstore import NO_STREAM, EventStore, StreamAppend, Unit, VersionConflictError
from ytempire.onboarding.domain.events import MailQueued
from ytempire.onboarding.domain.mail import mail_id_for, secret_field, stream_of
from ytempire.onboarding.features.commit import on_behalf_of
from ytempire.onboarding.ports import Cipher


class QueueMail:
    """Queues mails; values that are personal are encrypted before."""

    def __init__(self, store: EventStore, cipher: Cipher) -> None:
        self._store, self._cipher = store, cipher

    async def __call__(
        self,
        user_id: str,
        template: str,
        occasion: tuple[str, ...],
        data: dict[str, str],
        personal: Mapping[str, str] | None = None,
        about: str | None = None,
    ) -> bool:
        """
        :param occasion: what makes this mail the same as one that was queued before.
        :param personal: values that only the customer may read.
        :param about: another person whom the mail names.
        :returns: whether it was queued now.
        """
        mail_id = mail_id_for(template, *occasion)
        sealed = {
            name: await self._cipher.encrypt(user_id, secret_field(mail_id, name), value)
            for name, value in (personal or {}).items()
        }
        queued = MailQueued(
            mail_id=mail_id, user_id=user_id, template=template, data=data, personal=sealed, about=about
        )
        append = StreamAppend(stream_of(mail_id), (queued,), NO_STREAM)
        try:
            await self._store.submit(Unit((append,), context=on_behalf_of(user_id)))
        except VersionConflictError:
            return False
        return True
