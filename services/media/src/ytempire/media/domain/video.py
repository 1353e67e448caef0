"""One video's job: asked for, slot held, accepted, stage by stage, rendered or failed. Money is counted on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ytempire.events import Event, Money
from ytempire.events.media import (
    CostIncurred,
    CostReserved,
    VideoAccepted,
    VideoRejected,
    VideoRendered,
    VideoRenderFailed,
    VideoStageCompleted,
)
from ytempire.eventstore import Decider
from ytempire.media.domain.events import (
    JobRequested,
    ProviderCallIntended,
    ProviderCallSettled,
    SlotDenied,
    SlotHeld,
)

COST_LIMIT = Money(micros=3_000_000, currency="USD")
"""The most one video may cost (guide 3.2: per_video_max 3.00)."""

MAX_TOPIC_CHARS = 200
MAX_BRIEF_BYTES = 100_000

DEMO_PRIORITY = 10
"""Above every other: a new customer's first video waits behind nobody else's."""

STAGE_PERCENT = {
    "script": 10,
    "narration": 20,
    "sound": 25,
    "render": 90,
    "quality": 98,
}
"""How much of a job is done after each stage; also their order."""


@dataclass(frozen=True)
class Video:
    request: JobRequested | None = None
    slot_held: bool = False
    demo: bool = False
    denied: SlotDenied | None = None
    status: str = "unknown"
    """unknown, requested, accepted, rejected, rendered, failed."""
    stages: frozenset[str] = frozenset()
    spent: int = 0
    """Micro-dollars."""
    costs: frozenset[str] = frozenset()
    calls: dict[str, ProviderCallIntended] = field(default_factory=dict)
    settled: dict[str, ProviderCallSettled] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return self.status in {"rejected", "rendered", "failed"}


@dataclass(frozen=True)
class Request:
    job: JobRequested


@dataclass(frozen=True)
class HoldSlot:
    video_id: str
    user_id: str
    demo: bool = False


@dataclass(frozen=True)
class DenySlot:
    denied: SlotDenied


@dataclass(frozen=True)
class Begin:
    """Accept or refuse, now that request and slot are known."""

    refusal: tuple[str, str, str] | None
    """Code, field and message of what is wrong with the request, found outside (brief, channel)."""


@dataclass(frozen=True)
class CompleteStage:
    """A stage's own facts with its cost, once."""

    stage: str
    facts: tuple[Event, ...]
    costs: tuple[CostIncurred, ...]


@dataclass(frozen=True)
class IntendCall:
    intended: ProviderCallIntended


@dataclass(frozen=True)
class SettleCall:
    settled: ProviderCallSettled
    cost: CostIncurred | None


@dataclass(frozen=True)
class Finish:
    rendered: VideoRendered


@dataclass(frozen=True)
class Fail:
    stage: str
    code: str
    message: str


Command = Request | HoldSlot | DenySlot | Begin | CompleteStage | IntendCall | SettleCall | Finish | Fail


class VideoRefusedError(Exception):
    """A video that may not go on, or out; the message is meant for its owner."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def decide(state: Video, command: Command) -> Sequence[Event]:
    match command:
        case Request(job):
            return [job] if state.request is None else []
        case HoldSlot(video_id, user_id, demo):
            return [SlotHeld(video_id=video_id, user_id=user_id, demo=demo)] if not state.slot_held else []
        case DenySlot(denied):
            return [denied] if state.denied is None else []
        case Begin(refusal):
            return _begin(state, refusal)
        case CompleteStage():
            return _complete(state, command)
        case IntendCall(intended):
            return _intend(state, intended)
        case SettleCall(settled, cost):
            if settled.call_id in state.settled:
                return []
            return [settled, *([cost] if cost is not None else [])]
        case Finish(rendered):
            if state.status != "accepted":
                return []
            return [rendered.model_copy(update={"cost": Money(micros=state.spent, currency="USD")})]
        case Fail():
            return _fail(state, command)


def _begin(state: Video, refusal: tuple[str, str, str] | None) -> Sequence[Event]:
    job = state.request
    if job is None or state.status != "requested":
        return []
    if state.denied is not None:
        refusal = (state.denied.code, state.denied.field, state.denied.message)
    elif not state.slot_held:
        return []
    if refusal is not None:
        code, field_, message = refusal
        return [VideoRejected(video_id=job.video_id, user_id=job.user_id, code=code, field=field_, message=message)]
    return [
        VideoAccepted(
            video_id=job.video_id,
            user_id=job.user_id,
            channel_id=job.channel_id,
            length_s=job.length_s,
            demo=state.demo,
            priority=DEMO_PRIORITY if state.demo else min(job.priority, DEMO_PRIORITY - 1),
        ),
        CostReserved(video_id=job.video_id, user_id=job.user_id, channel_id=job.channel_id, limit=COST_LIMIT),
    ]


def _complete(state: Video, command: CompleteStage) -> Sequence[Event]:
    job = state.request
    if job is None or state.status != "accepted" or command.stage in state.stages:
        return []
    done = VideoStageCompleted(
        video_id=job.video_id,
        user_id=job.user_id,
        channel_id=job.channel_id,
        stage=command.stage,
        percent=STAGE_PERCENT[command.stage],
    )
    return [*command.facts, *(c for c in command.costs if c.cost_id not in state.costs), done]


def _intend(state: Video, intended: ProviderCallIntended) -> Sequence[Event]:
    if intended.call_id in state.calls:
        return []
    if state.spent + intended.estimate.micros > COST_LIMIT.micros:
        text = f"{intended.purpose} would pass the limit of {COST_LIMIT} for a video. Ask for a shorter one."
        raise VideoRefusedError("budget_exceeded", text)
    return [intended]


def _fail(state: Video, command: Fail) -> Sequence[Event]:
    job = state.request
    if job is None or state.status != "accepted":
        return []
    return [
        VideoRenderFailed(
            video_id=job.video_id,
            user_id=job.user_id,
            channel_id=job.channel_id,
            stage=command.stage,
            code=command.code,
            message=command.message,
        )
    ]


def evolve(state: Video, event: Event) -> Video:
    match event:
        case JobRequested():
            return replace(state, request=event, status="requested")
        case SlotHeld():
            return replace(state, slot_held=True, demo=event.demo)
        case SlotDenied():
            return replace(state, denied=event)
        case VideoAccepted():
            return replace(state, status="accepted")
        case VideoRejected():
            return replace(state, status="rejected")
        case VideoStageCompleted(stage=stage):
            return replace(state, stages=state.stages | {stage})
        case CostIncurred(cost_id=cost_id, amount=amount):
            return replace(state, spent=state.spent + amount.micros, costs=state.costs | {cost_id})
        case ProviderCallIntended(call_id=call_id):
            return replace(state, calls={**state.calls, call_id: event})
        case ProviderCallSettled(call_id=call_id):
            return replace(state, settled={**state.settled, call_id: event})
        case VideoRendered():
            return replace(state, status="rendered")
        case VideoRenderFailed():
            return replace(state, status="failed")
        case _:
            return state


VIDEO: Decider[Video, Command] = Decider(Video, decide, evolve)


def stream(video_id: str) -> str:
    return f"video-{video_id}"


def channel_stream(channel_id: str) -> str:
    return f"channel-{channel_id}"
