"""The rules of the quality gate, each a pure function from measurements to findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ytempire.media.domain.narration import Narration
from ytempire.media.measure.facts import MediaFacts
from ytempire.media.measure.picture import PictureEvidence, repeats, similarity
from ytempire.media.measure.report import Finding
from ytempire.media.sound.master import TARGET_LUFS, Loudness

SIZES = {(1920, 1080), (1080, 1920)}
MAX_VIDEO_BIT_RATE = 12_000_000
LOUDNESS_TOLERANCE_LU = 1.0
MAX_TRUE_PEAK_DBTP = -1.0
MAX_SILENCE_S = 2.5
MAX_FROZEN_S = 1.5
MAX_SOUND_OFFSET_S = 0.08
_DURATION_TOLERANCE_S = 0.25
_SILENCE_DB = -50.0
_FAINT_VOICE_DB = -35.0
_CAPTION_COVERAGE = 0.9
_SAME_VIDEO = 0.5
_CLIP_DBTP = 0.0
_HOP_S = 0.02
_CUE = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{3}) --> (\d+):(\d\d):(\d\d)[,.](\d{3})")


def _error(code: str, message: str, at_s: float | None = None) -> Finding:
    return Finding(code=code, severity="error", message=message, at_s=at_s)


def _warning(code: str, message: str, at_s: float | None = None) -> Finding:
    return Finding(code=code, severity="warning", message=message, at_s=at_s)


def check_format(facts: MediaFacts, duration_s: float) -> Iterator[Finding]:
    """Compare the file with what platforms ask for."""
    if not facts.container:
        yield _error("container", "the file is not an MP4")
    elif not facts.moov_first:
        yield _error("moov_last", "the index lies behind the media: write the file with +faststart")
    if not facts.video_codec:
        yield _error("no_video", "the file has no pictures")
        return
    yield from _check_video(facts)
    yield from _check_audio(facts)
    if abs(facts.duration_s - duration_s) > _DURATION_TOLERANCE_S:
        yield _error("duration", f"the video lasts {facts.duration_s:.2f} s, its narration {duration_s:.2f} s")


def _check_video(facts: MediaFacts) -> Iterator[Finding]:
    if (facts.width, facts.height) not in SIZES:
        yield _error("size", f"{facts.width}x{facts.height} is neither 1920x1080 nor 1080x1920")
    if abs(facts.fps - 30.0) > 0.01:
        yield _error("frame_rate", f"{facts.fps:g} frames a second instead of 30")
    if facts.video_codec != "h264" or facts.video_profile != "High":
        yield _error(
            "video_codec", f"{facts.video_codec} {facts.video_profile} instead of h264 High".replace("  ", " ")
        )
    if facts.pix_fmt != "yuv420p":
        yield _error("pixel_format", f"{facts.pix_fmt} instead of yuv420p")
    tags = (facts.colour_range, facts.colour_matrix, facts.colour_primaries, facts.colour_transfer)
    if tags != ("tv", "bt709", "bt709", "bt709"):
        said = "/".join(t or "none" for t in tags)
        yield _error("colour_tags", f"colour tags {said} instead of tv/bt709/bt709/bt709")
    if facts.video_bit_rate > MAX_VIDEO_BIT_RATE:
        yield _warning("bit_rate", f"{facts.video_bit_rate / 1e6:.1f} Mb/s of video is more than 12")


def _check_audio(facts: MediaFacts) -> Iterator[Finding]:
    if not facts.audio_codec:
        yield _error("no_audio", "the video has no sound")
        return
    if (facts.audio_codec, facts.audio_profile) != ("aac", "LC"):
        yield _error("audio_codec", f"{facts.audio_codec} {facts.audio_profile} instead of aac LC")
    if (facts.sample_rate, facts.channels) != (48_000, 2):
        yield _error(
            "audio_format", f"{facts.sample_rate} Hz with {facts.channels} channels instead of 48000 Hz stereo"
        )


def check_loudness(loudness: Loudness) -> Iterator[Finding]:
    """Compare with -14 LUFS within 1 LU and -1 dBTP."""
    if not abs(loudness.lufs - TARGET_LUFS) <= LOUDNESS_TOLERANCE_LU:
        yield _error("loudness", f"{loudness.lufs:.1f} LUFS is more than 1 LU away from -14")
    if loudness.true_peak_dbtp >= _CLIP_DBTP:
        yield _error("clipping", f"the sound clips: true peak {loudness.true_peak_dbtp:+.1f} dBTP")
    elif loudness.true_peak_dbtp > MAX_TRUE_PEAK_DBTP:
        yield _error("true_peak", f"true peak {loudness.true_peak_dbtp:.1f} dBTP is above -1")


def check_picture(picture: PictureEvidence) -> Iterator[Finding]:
    """Look for black, frozen and repeated pictures."""
    for black in picture.black:
        yield _error("black", f"black pictures for {black.end_s - black.start_s:.1f} s", black.start_s)
    for still in picture.frozen:
        length = still.end_s - still.start_s
        if length > MAX_FROZEN_S:
            # A held picture is a matter of taste up to a point; several seconds of it look broken.
            kind = _error if length > 2 * MAX_FROZEN_S else _warning
            yield kind("frozen", f"nothing moves for {length:.1f} s", still.start_s)
    for earlier, later in repeats(picture.fingerprint):
        yield _warning("repeat", f"the picture at {later:.0f} s was already seen at {earlier:.0f} s", later)


def check_sameness(fingerprint: Sequence[str], portfolio: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Compare with earlier videos (name to fingerprint): too alike is what platforms call mass-produced."""
    for name, other in portfolio.items():
        share = similarity(fingerprint, other)
        if share >= _SAME_VIDEO:
            yield _error("sameness", f"{share:.0%} of the pictures also occur in {name}")


def level_db(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the level in dBFS of each 20 ms."""
    hop = int(rate * _HOP_S)
    count = len(samples) // hop
    power = np.mean(np.square(samples[: count * hop].reshape(count, hop), dtype=np.float64), axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)), np.float64)


def silences(levels: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return start and end in seconds of every stretch below -50 dBFS."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (levels < _SILENCE_DB).astype(np.int8), [0])))).tolist()
    return [(a * _HOP_S, b * _HOP_S) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def check_sound(levels: NDArray[np.float64], narration: Narration) -> Iterator[Finding]:
    """Look for silence, and for lines of the narration that are not heard."""
    for start, end in silences(levels):
        if end - start > MAX_SILENCE_S:
            yield _error("silence", f"silence for {end - start:.1f} s", start)
    for line in narration.lines:
        part = levels[int(line.start_s / _HOP_S) : int(line.end_s / _HOP_S)]
        loud = float(np.percentile(part, 75)) if part.size else -120.0
        if loud < _FAINT_VOICE_DB:
            yield _error("voice_missing", f"line {line.line} is not heard ({loud:.0f} dBFS)", line.start_s)


def sound_offset(levels: NDArray[np.float64], narration_levels: NDArray[np.float64]) -> float | None:
    """Return by how many seconds the file's sound is late against the narration; None if they do not match."""
    length = min(len(levels), len(narration_levels))
    if length < 50:
        return None
    first, second = (np.maximum(x[:length], -50.0) for x in (levels, narration_levels))
    first, second = first - first.mean(), second - second.mean()
    size = 1 << (2 * length - 1).bit_length()
    match = np.fft.irfft(np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size)), size)
    scale = float(np.sqrt(np.sum(first**2) * np.sum(second**2)))
    best = int(np.argmax(match))
    if scale <= 0 or match[best] / scale < 0.4:
        return None
    return round((best if best < size // 2 else best - size) * _HOP_S, 3)


def check_offset(offset_s: float | None) -> Iterator[Finding]:
    """Compare the sound's delay with what is seen as out of step."""
    if offset_s is not None and abs(offset_s) > MAX_SOUND_OFFSET_S:
        yield _error("sync", f"the voice is {abs(offset_s) * 1000:.0f} ms {'late' if offset_s > 0 else 'early'}")


def check_captions(track: str | None, narration: Narration) -> Iterator[Finding]:
    """Look whether the caption track covers the spoken words."""
    spans = [_cue_span(groups) for groups in _CUE.findall(track or "")]
    if not spans:
        yield _error("captions_missing", "there is no caption track with cues")
        return
    if max(end for _, end in spans) > narration.duration_s + 0.5:
        yield _error("captions_late", "captions run on after the end of the video")
    spoken = [w for w in narration.words if w.end_s > w.start_s]
    middles = [(w.start_s + w.end_s) / 2 for w in spoken]
    covered = sum(any(start <= at <= end for start, end in spans) for at in middles)
    if spoken and covered < _CAPTION_COVERAGE * len(spoken):
        yield _error("captions_missing", f"only {covered} of {len(spoken)} words have a caption while they are heard")


def _cue_span(groups: Sequence[str]) -> tuple[float, float]:
    numbers = [int(g) for g in groups]
    start, end = (h * 3600 + m * 60 + s + ms / 1000 for h, m, s, ms in (numbers[:4], numbers[4:]))
    return start, end
