"""Put a mail into the outgoing queue, once for its occasion."""

from __future__ import annotations

from ytempire.eventstore import NO_STREAM, EventStore, StreamAppend, Unit, VersionConflictError
from ytempire.onboarding.domain.events import MailQueued
from ytempire.onboarding.domain.mail import mail_id_for, stream_of
from ytempire.onboarding.features.commit import on_behalf_of


class QueueMail:
    """Queues mails whose values are not personal."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def __call__(self, user_id: str, template: str, occasion: tuple[str, ...], data: dict[str, str]) -> bool:
        """
        :param occasion: what makes this mail the same as one that was queued before.
        :returns: whether it was queued now.
        """
        mail_id = mail_id_for(template, *occasion)
        queued = MailQueued(mail_id=mail_id, user_id=user_id, template=template, data=data)
        append = StreamAppend(stream_of(mail_id), (queued,), NO_STREAM)
        try:
            await self._store.submit(Unit((append,), context=on_behalf_of(user_id)))
        except VersionConflictError:
            return False
        return True
