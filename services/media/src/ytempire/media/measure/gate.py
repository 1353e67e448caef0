"""The quality gate: one pass over the finished file, and everything that speaks against publishing it."""

from __future__ import annotations

import wave
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ytempire.media.domain.narration import Narration
from ytempire.media.measure import checks
from ytempire.media.measure.decode import SOUND_RATE, Seen, decode
from ytempire.media.measure.facts import MediaFacts, probe
from ytempire.media.measure.picture import PictureEvidence
from ytempire.media.measure.report import Finding, QualityReport


def preflight(
    path: Path,
    narration: Narration,
    *,
    captions: Path | None = None,
    watched: PictureEvidence | None = None,
    portfolio: Mapping[str, Sequence[str]] | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> QualityReport:
    """Check the finished video at ``path`` against its narration.

    ``captions`` is the SubRip or WebVTT track that goes with it; without one the gate fails. ``watched`` is what the
    renderer's ``PictureWatch`` saw while drawing: with it only key frames are decoded, to see that the file is whole.
    ``portfolio`` maps names of earlier videos to their fingerprints. Raises ``UnreadableMedia`` for a file that is no
    video and ``ToolFailed`` if ffmpeg cannot decode it.
    """
    facts = probe(path)
    findings = list(checks.check_format(facts, narration.duration_s))
    findings += checks.check_captions(_read(captions), narration)
    if not facts.video_codec:
        return _report(findings, facts, None, None, 0.0, None)
    seen = decode(facts, keyframes_only=watched is not None, progress=lambda x: progress(0.95 * x))
    picture = watched or seen.picture
    findings += checks.check_picture(picture)
    findings += _check_file(seen, watched)
    findings += checks.check_sameness(picture.fingerprint, portfolio or {})
    longest_silence, offset = 0.0, None
    if seen.heard is not None:
        levels = checks.level_db(seen.heard.samples, SOUND_RATE)
        longest_silence = max((end - start for start, end in checks.silences(levels)), default=0.0)
        offset = checks.sound_offset(levels, _narration_levels(Path(narration.wav)))
        findings += checks.check_loudness(seen.heard.loudness)
        findings += checks.check_sound(levels, narration)
        findings += checks.check_offset(offset)
    progress(1.0)
    return _report(findings, facts, seen, picture, longest_silence, offset)


def _read(track: Path | None) -> str | None:
    if track is None or not track.is_file():
        return None
    return track.read_text(encoding="utf-8", errors="replace")


def _check_file(seen: Seen, watched: PictureEvidence | None) -> list[Finding]:
    """Compare what the file holds with what was drawn, and pass on what the decoder complains of."""
    out = []
    if seen.complaints:
        out.append(Finding(code="damaged", severity="error", message=f"the file is damaged: {seen.complaints.strip()}"))
    if seen.picture.frames == 0:
        out.append(Finding(code="no_video", severity="error", message="no picture of the file can be decoded"))
    elif watched is not None and seen.picture.black and not watched.black:
        out.append(Finding(code="black", severity="error", message="the file holds black pictures that nobody drew"))
    return out


def _narration_levels(wav: Path) -> NDArray[np.float64]:
    """Return the levels of the recording, every sixth sample of 48 kHz: enough to compare loudness over time."""
    if not wav.is_file():
        return np.zeros(0)
    with wave.open(str(wav)) as reader:
        step = max(1, reader.getframerate() // SOUND_RATE)
        samples = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")[::step]
    return checks.level_db(samples.astype(np.float32) / 32768.0, SOUND_RATE)


def _report(
    findings: Sequence[Finding],
    facts: MediaFacts,
    seen: Seen | None,
    picture: PictureEvidence | None,
    silence_s: float,
    offset_s: float | None,
) -> QualityReport:
    heard = seen.heard if seen else None
    return QualityReport(
        findings=tuple(findings),
        passed=all(f.severity != "error" for f in findings),
        facts=facts,
        lufs=heard.loudness.lufs if heard else None,
        true_peak_dbtp=heard.loudness.true_peak_dbtp if heard else None,
        longest_frozen_s=picture.longest_frozen_s if picture else 0.0,
        longest_silence_s=round(silence_s, 3),
        sound_offset_s=offset_s,
        fingerprint=picture.fingerprint if picture else (),
    )
