"""The outcome of the quality gate."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from ytempire.media.measure.facts import MediaFacts

Severity = Literal["error", "warning"]


class Finding(BaseModel):
    """One thing that is wrong with a video; an error keeps it from being published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Severity
    message: str
    at_s: float | None = None
    """Where in the video, if it is somewhere."""


class QualityReport(BaseModel):
    """Everything the gate measured and found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: tuple[Finding, ...]
    passed: bool
    """No finding is an error."""
    facts: MediaFacts
    lufs: float | None
    true_peak_dbtp: float | None
    longest_frozen_s: float
    longest_silence_s: float
    sound_offset_s: float | None
    """By how much the sound comes later than the narration says; None if it cannot be told."""
    fingerprint: tuple[str, ...]
    """For comparing with other videos by ``similarity``."""
