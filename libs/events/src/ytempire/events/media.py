"""How a video is made: stages, evidence, cost, result."""

from __future__ import annotations

from typing import Literal

from ytempire.events.base import Event, Rejected
from ytempire.events.money import Money
from ytempire.events.values import AssetRef, Chapter, Id, QualityFinding


class VideoAccepted(Event, owner="media"):
    """The job is taken: a slot is held, the brief is readable, the money is reserved."""

    video_id: Id
    user_id: Id
    channel_id: Id
    length_s: int
    demo: bool = False
    """Whether it is the account's demonstration video."""
    priority: int = 5
    """1 to 10; what is of 10 is made beside the others and waits for none of them."""


class VideoRejected(Rejected, owner="media"):
    video_id: Id
    user_id: Id


class TopicChosen(Event, owner="media"):
    """What the video is about, and where that came from."""

    video_id: Id
    user_id: Id
    channel_id: Id
    title: str
    source: Literal["brief", "niche", "topic"]


class ScriptDrafted(Event, owner="media"):
    """The words of the video are settled."""

    video_id: Id
    user_id: Id
    channel_id: Id
    title: str
    words: int
    lines: int
    short_by: int
    offline: bool
    """True where no language model took part."""
    hook_rewritten: bool
    script: AssetRef


class NarrationRecorded(Event, owner="media"):
    """The script was spoken."""

    video_id: Id
    user_id: Id
    channel_id: Id
    duration_s: float
    voice: str
    audio: AssetRef


class VisualsSelected(Event, owner="media"):
    """Every shot has its design."""

    video_id: Id
    user_id: Id
    channel_id: Id
    shots: int
    templates: dict[str, int]


class ThumbnailRendered(Event, owner="media"):
    """The picture that stands for the video is made."""

    video_id: Id
    user_id: Id
    channel_id: Id
    thumbnail: AssetRef


class CostReserved(Event, owner="media"):
    """The most this video may cost; work stops before it is passed."""

    video_id: Id
    user_id: Id
    channel_id: Id
    limit: Money


class CostIncurred(Event, owner="media"):
    """Money was spent, once. ``cost_id`` is the same however often the step was tried."""

    cost_id: Id
    video_id: Id
    user_id: Id
    channel_id: Id
    stage: str
    provider: str
    """``compute`` for own machines, else the provider's name."""
    bearer: Literal["customer", "platform"]
    amount: Money
    quantity: str
    """What was bought, as a decimal with its unit: ``812 tokens``, ``31.4 cpu-seconds``."""
    reference: str = ""
    """The provider's own id of the request, to check its bill against."""


class VideoStageCompleted(Event, owner="media"):
    """One stage of the job is done."""

    video_id: Id
    user_id: Id
    channel_id: Id
    stage: str
    percent: int
    """Of the whole job, after this stage."""


class QualityAssessed(Event, owner="media"):
    """The finished file was measured against the quality gate."""

    video_id: Id
    user_id: Id
    channel_id: Id
    passed: bool
    findings: tuple[QualityFinding, ...]
    lufs: float
    true_peak_dbtp: float


class VideoRendered(Event, owner="media"):
    """The video is finished and passed its quality gate."""

    video_id: Id
    user_id: Id
    channel_id: Id
    title: str
    summary: str
    chapters: tuple[Chapter, ...]
    sources: tuple[str, ...]
    credits: tuple[str, ...]
    tags: tuple[str, ...]
    video: AssetRef
    thumbnail: AssetRef
    captions: AssetRef
    duration_s: float
    width: int
    height: int
    fps: float
    lufs: float
    true_peak_dbtp: float
    words: int
    templates: dict[str, int]
    cost: Money
    """Sum of the video's ``CostIncurred``."""
    synthetic_voice: bool = True


class VideoRenderFailed(Event, owner="media"):
    """The job ended without a video; its slot is given back and its cost is the platform's."""

    video_id: Id
    user_id: Id
    channel_id: Id
    stage: str
    code: str
    message: str
