"""Say whether a password may be set: by a link from a mail, or by who is logged in. Its owner is told of it."""

from __future__ import annotations

from ytempire.events import Rejected
from ytempire.events.gateway import PasswordChangeRequested, PasswordResetRequested
from ytempire.eventstore import Delivery, EventStore, StreamAppend, Unit
from ytempire.onboarding.domain import account, links
from ytempire.onboarding.domain.access import ChangePassword, ResetPassword
from ytempire.onboarding.domain.decisions import ACCOUNT
from ytempire.onboarding.domain.events import LinkUsed
from ytempire.onboarding.domain.links import LINKS, Purpose
from ytempire.onboarding.features.commit import commit, on_behalf_of
from ytempire.onboarding.features.letter import letter
from ytempire.onboarding.ports import Now

CHANGED = "password_changed"


class SetPassword:
    """Handles ``PasswordResetRequested`` and ``PasswordChangeRequested``."""

    def __init__(self, store: EventStore, now: Now) -> None:
        self._store, self._now = store, now

    async def reset(self, event: PasswordResetRequested, delivery: Delivery) -> None:
        stream = links.stream_of(Purpose.RESET, event.token_digest)
        await commit(self._store, lambda: self._reset(stream, delivery))

    async def change(self, event: PasswordChangeRequested, delivery: Delivery) -> None:
        await commit(self._store, lambda: self._change(event.user_id, delivery))

    async def _reset(self, stream: str, delivery: Delivery) -> Unit:
        now = self._now()
        link, followed = await self._store.state(LINKS[Purpose.RESET], stream)
        if link.user_id is None:
            refused = ACCOUNT.decide(account.Account(), ResetPassword("", link, now))
            return Unit((StreamAppend(stream, refused),), delivery.claim)
        name = account.stream_of(link.user_id)
        known, version = await self._store.state(ACCOUNT, name)
        decided = ACCOUNT.decide(known, ResetPassword(link.user_id, link, now))
        appends = [StreamAppend(name, decided, version)]
        if not isinstance(decided[0], Rejected):
            used = StreamAppend(stream, (LinkUsed(user_id=link.user_id),), followed)
            appends += [used, self._told(link.user_id, delivery)]
        return Unit(appends, delivery.claim, context=on_behalf_of(link.user_id))

    async def _change(self, user_id: str, delivery: Delivery) -> Unit:
        name = account.stream_of(user_id)
        known, version = await self._store.state(ACCOUNT, name)
        decided = ACCOUNT.decide(known, ChangePassword(user_id))
        appends = [StreamAppend(name, decided, version)]
        if not isinstance(decided[0], Rejected):
            appends.append(self._told(user_id, delivery))
        return Unit(appends, delivery.claim)

    def _told(self, user_id: str, delivery: Delivery) -> StreamAppend:
        return letter(user_id, CHANGED, delivery.envelope.id, {"at": self._now().isoformat()})
