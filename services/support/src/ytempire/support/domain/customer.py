"""What support knows of a customer: the plan, and the videos in the order they were wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ytempire.events import Event
from ytempire.eventstore import Decider
from ytempire.support.domain.events import CustomerPlanNoted, CustomerVideoListed

REMEMBERED = 20
"""How many of the newest videos a ticket without a video id is matched against."""


@dataclass(frozen=True)
class Customer:
    plan: CustomerPlanNoted | None = None
    newest: tuple[CustomerVideoListed, ...] = ()
    """The newest first."""

    @property
    def active_plan(self) -> str | None:
        return self.plan.plan if self.plan is not None and self.plan.active else None


@dataclass(frozen=True)
class NotePlan:
    user_id: str
    plan: str
    active: bool
    at: datetime


@dataclass(frozen=True)
class ListVideo:
    user_id: str
    video_id: str
    at: datetime


Command = NotePlan | ListVideo


def decide(state: Customer, command: Command) -> Sequence[Event]:
    match command:
        case NotePlan():
            if state.plan is not None and state.plan.at >= command.at:
                return []
            return [CustomerPlanNoted(user_id=command.user_id, plan=command.plan, active=command.active, at=command.at)]
        case ListVideo():
            if any(video.video_id == command.video_id for video in state.newest):
                return []
            return [CustomerVideoListed(user_id=command.user_id, video_id=command.video_id, at=command.at)]


def evolve(state: Customer, event: Event) -> Customer:
    match event:
        case CustomerPlanNoted():
            return replace(state, plan=event)
        case CustomerVideoListed():
            ordered = sorted((event, *state.newest), key=lambda video: (video.at, video.video_id), reverse=True)
            return replace(state, newest=tuple(ordered[:REMEMBERED]))
        case _:
            return state


CUSTOMER: Decider[Customer, Command] = Decider(Customer, decide, evolve)


def stream(user_id: str) -> str:
    return f"customer-{user_id}"
