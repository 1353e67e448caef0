"""Whether a customer is reminded of a standing journey: said in the preferences, or by the link of a reminder."""

from __future__ import annotations

from ytempire.events import PLATFORM_TENANT
from ytempire.events.gateway import ReminderChoiceRequested
from ytempire.gateway.intents import Intents, Outcome
from ytempire.gateway.ports import Reservation


class ChooseReminders:
    """Asks onboarding."""

    def __init__(self, intents: Intents) -> None:
        self._intents = intents

    async def by_customer(self, user_id: str, wanted: bool, reservation: Reservation) -> Outcome:
        event = ReminderChoiceRequested(user_id=user_id, wanted=wanted)
        return await self._intents.request(user_id, reservation, f"account-{user_id}", event)

    async def by_link(self, digest: str) -> Outcome:
        """A mail program sends no key: the link is its own, and a link that is pressed again is answered as before."""
        reservation = await self._intents.reserve("unsubscribe", digest, digest)
        event = ReminderChoiceRequested(token_digest=digest, wanted=False)
        return await self._intents.request(PLATFORM_TENANT, reservation, f"unsubscribe-{digest}", event)
