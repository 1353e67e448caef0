"""The files of a job and the facts they hold: from what the stages wrote to the events that tell it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ytempire.chassis import AssetStore
from ytempire.events import Event, Money
from ytempire.events.media import (
    NarrationRecorded,
    QualityAssessed,
    ScriptDrafted,
    ThumbnailRendered,
    TopicChosen,
    VideoRendered,
    VisualsSelected,
)
from ytempire.events.values import Chapter, QualityFinding
from ytempire.media.domain.events import JobRequested
from ytempire.media.domain.narration import Narration
from ytempire.media.domain.script import Script
from ytempire.media.domain.video import VideoRefusedError
from ytempire.media.measure.report import QualityReport

_CREDITS = (
    "Voice: joe, en_US, Piper (CC0 recordings)",
    "Music: own work, synthesised",
    "Pictures: drawn for this video; symbols from Fluent Emoji (MIT) and Phosphor (MIT)",
)


@dataclass(frozen=True)
class Workspace:
    """The folder of one job. A stage is there when its mark is: it is set after the stage was recorded."""

    folder: Path

    def __getattr__(self, name: str) -> Path:
        try:
            return self.folder / _FILES[name]
        except KeyError:
            raise AttributeError(name) from None

    def has(self, stage: str) -> bool:
        return (self.folder / f"{stage}.done").exists()

    def mark(self, stage: str) -> None:
        (self.folder / f"{stage}.done").touch()

    def take_script(self, script: dict[str, Any], description: dict[str, Any]) -> None:
        self.description.write_bytes(orjson.dumps(description))
        self.script.write_bytes(orjson.dumps(script))

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


_FILES = {
    "brief": "brief.md",
    "draft": "draft.json",
    "hook": "hook.json",
    "script": "script.json",
    "description": "description.json",
    "narration": "narration.json",
    "captions": "captions.srt",
    "mix": "mix.wav",
    "mix_facts": "mix.json",
    "video": "video.mp4",
    "thumbnail": "thumbnail.jpg",
    "storyboard": "storyboard.json",
    "watched": "watched.json",
    "render_facts": "render.json",
    "quality": "quality.json",
}


def _who(request: JobRequested) -> dict[str, str]:
    return {"video_id": request.video_id, "user_id": request.user_id, "channel_id": request.channel_id}


def script_facts(request: JobRequested, files: Workspace, assets: AssetStore, rewritten: bool) -> tuple[Event, ...]:
    script = Script.model_validate_json(files.script.read_bytes())
    source = "brief" if request.brief is not None else "topic" if request.topic else "niche"
    return (
        TopicChosen.model_validate({**_who(request), "title": script.title, "source": source}),
        ScriptDrafted(
            **_who(request),
            title=script.title,
            words=script.words,
            lines=len(script.lines),
            short_by=script.short_by,
            offline=script.offline,
            hook_rewritten=rewritten,
            script=assets.put(files.script, "application/json"),
        ),
    )


def narration_facts(request: JobRequested, files: Workspace, assets: AssetStore) -> tuple[Event, ...]:
    narration = Narration.model_validate_json(files.narration.read_bytes())
    return (
        NarrationRecorded(
            **_who(request),
            duration_s=narration.duration_s,
            voice=narration.voice,
            audio=assets.put(Path(narration.wav), "audio/wav"),
        ),
    )


def render_facts(request: JobRequested, files: Workspace, assets: AssetStore) -> tuple[Event, ...]:
    facts = _render(files)
    return (
        VisualsSelected(**_who(request), shots=facts["scenes"], templates=facts["templates"]),
        ThumbnailRendered(**_who(request), thumbnail=assets.put(files.thumbnail, "image/jpeg")),
    )


def quality_facts(request: JobRequested, files: Workspace) -> tuple[Event, ...]:
    report = _quality(files)
    return (
        QualityAssessed(
            **_who(request),
            passed=report.passed,
            findings=tuple(QualityFinding(**f.model_dump()) for f in report.findings),
            lufs=report.lufs or 0.0,
            true_peak_dbtp=report.true_peak_dbtp or 0.0,
        ),
    )


def demand_quality(files: Workspace) -> None:
    """:raises VideoRefusedError: with what the gate found."""
    report = _quality(files)
    if not report.passed:
        errors = [f.message for f in report.findings if f.severity == "error"]
        told = "; ".join(errors)
        text = f"The video did not pass the quality gate: {told}. Change the brief and ask again."
        raise VideoRefusedError("quality_gate", text)


def chapter_starts(files: Workspace) -> list[float]:
    """When each chapter begins to be heard, in seconds."""
    script = Script.model_validate_json(files.script.read_bytes())
    narration = Narration.model_validate_json(files.narration.read_bytes())
    starts = {line.line: line.start_s for line in narration.lines}
    first: dict[int, float] = {}
    for line in script.lines:
        if line.chapter >= 0 and line.index in starts:
            first.setdefault(line.chapter, starts[line.index])
    return [first[chapter] for chapter in sorted(first)]


def rendered(request: JobRequested, files: Workspace, assets: AssetStore) -> VideoRendered:
    """The finished video with all that is told about it; its cost is filled in by the log."""
    script = Script.model_validate_json(files.script.read_bytes())
    description = orjson.loads(files.description.read_bytes())
    report, facts = _quality(files), _render(files)
    narration = Narration.model_validate_json(files.narration.read_bytes())
    starts = {line.line: line.start_s for line in narration.lines}
    return VideoRendered(
        **_who(request),
        title=description["title"],
        summary=description["summary"],
        chapters=tuple(
            Chapter(start_s=starts.get(c["first_line"], 0.0), title=c["title"]) for c in description["chapters"]
        ),
        sources=tuple(description["sources"]),
        credits=_CREDITS,
        tags=tuple(description["tags"]),
        video=assets.put(files.video, "video/mp4"),
        thumbnail=assets.put(files.thumbnail, "image/jpeg"),
        captions=assets.put(files.captions, "application/x-subrip"),
        duration_s=report.facts.duration_s,
        width=report.facts.width,
        height=report.facts.height,
        fps=report.facts.fps,
        lufs=report.lufs or 0.0,
        true_peak_dbtp=report.true_peak_dbtp or 0.0,
        words=script.words,
        templates=facts["templates"],
        cost=Money.zero(),
    )


def _render(files: Workspace) -> dict[str, Any]:
    # read as plain data: the studio's own types would load OpenCV into this process
    facts: dict[str, Any] = orjson.loads(files.render_facts.read_bytes())["facts"]
    return facts


def _quality(files: Workspace) -> QualityReport:
    return QualityReport.model_validate_json(files.quality.read_bytes())
