"""Whether finished videos are published by themselves: stream ``wishes-<user_id>``, for an account and its channels.

It is an approval given beforehand. It counts when a video is finished: who switches it on later publishes nothing that
waited until then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ytempire.events import Event
from ytempire.eventstore import Decider
from ytempire.publisher.domain.events import AutoPublishNoted

ACCOUNT = ""
"""In place of a channel's id."""


@dataclass(frozen=True)
class Wishes:
    said: Mapping[str, AutoPublishNoted] = field(default_factory=dict)
    """The newest word for the account and for each channel."""

    def auto_publish(self, channel_id: str) -> bool:
        """What holds for a channel: its own word, else the account's, else no."""
        for scope in (channel_id, ACCOUNT):
            noted = self.said.get(scope)
            if noted is not None and noted.wanted is not None:
                return noted.wanted
        return False


def decide(state: Wishes, noted: AutoPublishNoted) -> Sequence[Event]:
    """An older word that comes late changes nothing."""
    known = state.said.get(noted.channel_id or ACCOUNT)
    return [noted] if known is None or known.version < noted.version else []


def evolve(state: Wishes, event: Event) -> Wishes:
    if not isinstance(event, AutoPublishNoted):
        return state
    return replace(state, said={**state.said, event.channel_id or ACCOUNT: event})


WISHES: Decider[Wishes, AutoPublishNoted] = Decider(Wishes, decide, evolve)


def stream(user_id: str) -> str:
    return f"wishes-{user_id}"
