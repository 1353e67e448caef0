"""What analytics knows of a video: whose it is, what it cost, whether it was delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ytempire.analytics.domain.events import CostNoted, FailureNoted, VideoNoted
from ytempire.events import Event
from ytempire.events.analytics import MonetizationRecommended
from ytempire.eventstore import Decider


@dataclass(frozen=True)
class Video:
    noted: VideoNoted | None = None
    costs: Mapping[str, CostNoted] = field(default_factory=dict)
    failed: bool = False
    recommended: bool = False


@dataclass(frozen=True)
class Record:
    fact: Event


def decide(state: Video, command: Record) -> Sequence[Event]:
    match command.fact:
        case VideoNoted():
            return [] if state.noted else [command.fact]
        case CostNoted(cost_id=cost_id):
            return [] if cost_id in state.costs else [command.fact]
        case FailureNoted():
            return [] if state.failed else [command.fact]
        case MonetizationRecommended():
            return [] if state.recommended else [command.fact]
        case _:
            return []


def evolve(state: Video, event: Event) -> Video:
    match event:
        case VideoNoted():
            return replace(state, noted=event)
        case CostNoted(cost_id=cost_id):
            return replace(state, costs={**state.costs, cost_id: event})
        case FailureNoted():
            return replace(state, failed=True)
        case MonetizationRecommended():
            return replace(state, recommended=True)
        case _:
            return state


VIDEO: Decider[Video, Record] = Decider(Video, decide, evolve)


def stream(video_id: str) -> str:
    return f"video-{video_id}"
