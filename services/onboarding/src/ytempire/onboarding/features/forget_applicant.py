"""Destroy what was said in a sign-up whose address nobody proved: it may be somebody else's."""

from __future__ import annotations

from ytempire.eventstore import Delivery
from ytempire.onboarding.domain.events import SignUpLapsed
from ytempire.onboarding.ports import Forgets


class ForgetApplicant:
    """Handles ``SignUpLapsed``. Destroying a key that is destroyed changes nothing."""

    def __init__(self, forgets: Forgets) -> None:
        self._forgets = forgets

    async def __call__(self, event: SignUpLapsed, delivery: Delivery) -> None:
        await self._forgets.erase(event.user_id)
