"""Loudness: what a sound measures by EBU R128, and bringing a mix to -14 LUFS without exceeding the peak."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from ytempire.media.process import ToolFailed, run_ffmpeg

TARGET_LUFS = -14.0
CEILING_DBTP = -2.0
"""Aim below the limit of -1 dBTP: a pass may end 0.2 above this, and the AAC encoder adds half a decibel, seldom 1.2.
What is mastered is therefore encoded once for trial, and mastered lower where the encoder took more."""
AAC = ("-c:a", "aac", "-b:a", "192k", "-ar", "48000", "-ac", "2", "-flags:a", "+bitexact")
"""How the sound of a video is encoded."""
_MOST_ENCODED_DBTP = -1.1
_TRIALS = 3
_TOLERANCE_LU = 0.3
_PEAK_TOLERANCE_DB = 0.2
_MIN_YIELD = 0.3
_LIMITER_LOSS_LU = 0.3
"""What the limiter takes from typical speech; a better first guess saves a pass."""
_MAX_PASSES = 4
_OVERSAMPLED = 192_000
_INTEGRATED = re.compile(r"I:\s+(-?[\d.]+|-?inf|nan) LUFS")
_PEAK = re.compile(r"Peak:\s+(-?[\d.]+|-?inf|nan) dBFS")


class Loudness(NamedTuple):
    """Integrated loudness in LUFS and true peak in dBTP; minus infinity for silence."""

    lufs: float
    true_peak_dbtp: float


def read_summary(log: str) -> Loudness:
    """Read the summary that ffmpeg's ebur128 filter writes at the end."""
    integrated, peak = _INTEGRATED.findall(log), _PEAK.findall(log)
    if not integrated or not peak:
        raise ToolFailed("ffmpeg wrote no loudness summary: the input has no audio that it can read")
    return Loudness(_number(integrated[-1]), _number(peak[-1]))


def _number(text: str) -> float:
    return float("-inf") if text in {"nan", "-nan"} else float(text)


def loudness(path: Path) -> Loudness:
    """Measure a sound or video file."""
    return read_summary(run_ffmpeg(["-i", path, "-vn", "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]))


def master(premix: Path, measured: Loudness, out_wav: Path) -> Loudness:
    """Write ``premix`` to ``out_wav`` (48 kHz 16 bit stereo) at -14 LUFS; return what the written samples measure.

    Gain, then a limiter at four times the rate, so that peaks between samples are caught too. What the limiter takes
    away is made up in another pass, with a step that allows for how much of the last one it swallowed. A mix with very
    high peaks may end up to 1 LU off; the quality gate judges it. Raises ``ToolFailed`` if it ends further away.
    """
    if measured.lufs <= -70.0:
        raise ToolFailed("the mix is silent: there is nothing to bring to -14 LUFS")
    partial, aim = out_wav.with_suffix(".part.wav"), CEILING_DBTP
    for _ in range(_TRIALS):
        result = _mastered(premix, TARGET_LUFS - measured.lufs + _LIMITER_LOSS_LU, aim, partial)
        over = _encoded(partial).true_peak_dbtp - _MOST_ENCODED_DBTP
        if over <= 0:
            break
        aim -= over
    partial.replace(out_wav)
    return result


def _mastered(premix: Path, gain: float, aim_dbtp: float, partial: Path) -> Loudness:
    """Passes until loudness and peak are as wanted."""
    ceiling, yielded = aim_dbtp, 1.0
    last: tuple[float, float] | None = None
    for _ in range(_MAX_PASSES):
        result = _pass(premix, gain, ceiling, partial)
        error, over = TARGET_LUFS - result.lufs, result.true_peak_dbtp - aim_dbtp
        if abs(error) <= _TOLERANCE_LU and over <= _PEAK_TOLERANCE_DB:
            break
        if last is not None and gain != last[0]:
            yielded = min(1.0, max(_MIN_YIELD, (result.lufs - last[1]) / (gain - last[0])))
        last = (gain, result.lufs)
        gain += error / yielded
        ceiling -= max(0.0, over)
    if abs(error) > 1.0 or over > 2 * _PEAK_TOLERANCE_DB:
        partial.unlink(missing_ok=True)
        raise ToolFailed(f"after mastering the mix is at {result.lufs:.1f} LUFS, {result.true_peak_dbtp:.1f} dBTP")
    return result


def _encoded(wav: Path) -> Loudness:
    """What is heard of a sound once it is in a video."""
    trial = wav.with_suffix(".m4a")
    try:
        run_ffmpeg(["-i", wav, *AAC, trial])
        return loudness(trial)
    finally:
        trial.unlink(missing_ok=True)


def _pass(premix: Path, gain_db: float, ceiling_dbtp: float, out_wav: Path) -> Loudness:
    limit = 10 ** (ceiling_dbtp / 20)
    chain = (
        f"volume={gain_db:.3f}dB:precision=float,aresample={_OVERSAMPLED},"
        f"alimiter=limit={limit:.5f}:attack=4:release=60:level=disabled:latency=1,"
        "aresample=48000:osf=s16:dither_method=triangular,ebur128=peak=true:framelog=quiet"
    )
    return read_summary(run_ffmpeg(["-i", premix, "-af", chain, "-c:a", "pcm_s16le", "-ac", "2", out_wav]))
