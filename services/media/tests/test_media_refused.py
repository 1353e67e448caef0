"""A video that may not go on, or out, fails with a code and a sentence for its owner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ytempire.events import Event, Money
from ytempire.events.media import VideoRenderFailed
from ytempire.eventstore import new_id
from ytempire.media.domain import video as domain
from ytempire.media.domain.events import JobRequested, ProviderCallIntended
from ytempire.media.features.results import Workspace, demand_quality
from ytempire.media.measure.facts import MediaFacts
from ytempire.media.measure.report import Finding, QualityReport

VIDEO, USER, CHANNEL = new_id(), new_id(), new_id()


def accepted() -> domain.Video:
    job = JobRequested(
        video_id=VIDEO, user_id=USER, channel_id=CHANNEL, topic=None, brief=None, style="educational", length_s=60,
        priority=5,
    )  # fmt: skip
    history: list[Event] = []
    for command in (domain.HoldSlot(VIDEO, USER), domain.Request(job), domain.Begin(None)):
        history += domain.decide(domain.VIDEO.fold(history), command)
    return domain.VIDEO.fold(history)


def call(micros: int) -> domain.IntendCall:
    estimate = Money(micros=micros, currency="USD")
    return domain.IntendCall(
        ProviderCallIntended(
            video_id=VIDEO, user_id=USER, call_id=new_id(), provider="openai", purpose="The script", estimate=estimate
        )
    )


def failed(refused: domain.VideoRefusedError, stage: str) -> VideoRenderFailed:
    (event,) = domain.decide(accepted(), domain.Fail(stage, refused.code, str(refused)))
    assert isinstance(event, VideoRenderFailed)
    return event


def test_a_paid_call_that_would_pass_the_limit_of_a_video_is_not_made() -> None:
    almost = replace(accepted(), spent=domain.COST_LIMIT.micros - 5)
    assert len(domain.decide(almost, call(5))) == 1
    with pytest.raises(domain.VideoRefusedError) as caught:
        domain.decide(almost, call(6))
    told = failed(caught.value, "script")
    assert told.code == "budget_exceeded"
    assert told.message.startswith("The script would pass the limit of ")
    assert told.message.endswith("Ask for a shorter one.")


def report(*findings: Finding) -> QualityReport:
    facts = MediaFacts(
        path="video.mp4", bytes=1, sha256="0" * 64, container="isom", moov_first=True, duration_s=60.0, bit_rate=1
    )
    return QualityReport(
        findings=findings,
        passed=not any(finding.severity == "error" for finding in findings),
        facts=facts,
        lufs=-14.0,
        true_peak_dbtp=-0.8,
        longest_frozen_s=0.0,
        longest_silence_s=0.0,
        sound_offset_s=0.0,
        fingerprint=(),
    )


def test_a_film_that_does_not_pass_the_quality_gate_is_not_given_out(tmp_path: Path) -> None:
    files = Workspace(tmp_path)
    loud = Finding(code="true_peak", severity="error", message="true peak -0.8 dBTP is above -1")
    still = Finding(code="still", severity="warning", message="a picture stands for 4 s")
    files.quality.write_text(report(still).model_dump_json())
    demand_quality(files)
    files.quality.write_text(report(still, loud).model_dump_json())
    with pytest.raises(domain.VideoRefusedError) as caught:
        demand_quality(files)
    told = failed(caught.value, "quality")
    assert told.code == "quality_gate"
    assert told.message == (
        "The video did not pass the quality gate: true peak -0.8 dBTP is above -1. Change the brief and ask again."
    )
