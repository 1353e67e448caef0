"""Voice and bed together, at the loudness that platforms play."""

from __future__ import annotations

import subprocess
import wave
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from ytempire.media.domain.narration import Narration
from ytempire.media.process import ToolFailed, ffmpeg, popen
from ytempire.media.sound import bed, ducking, instruments
from ytempire.media.sound.instruments import RATE, Stereo
from ytempire.media.sound.master import Loudness, master, read_summary

_BLOCK = 4 * RATE
_BED_RMS = 10 ** (-18.0 / 20)
_WHOOSH_S = 0.9
_WHOOSH_PEAK_S = 0.55
_WHOOSH_GAIN = 0.11
_VOICE_SHARE, _PREMIX_SHARE = 0.1, 0.55
# Rumble out, a little presence in, and gentle compression, so that quiet words stay above the bed.
_VOICE_CHAIN = (
    "highpass=f=75,equalizer=f=220:t=q:w=1:g=-1.5,equalizer=f=3600:t=q:w=1:g=2,"
    "acompressor=threshold=0.06:ratio=2.5:attack=6:release=140:makeup=1.6"
)


class MixFacts(BaseModel):
    """What the finished mix measures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wav: str
    duration_s: float
    lufs: float
    true_peak_dbtp: float
    music: bool
    seed: int
    licence: str = "own work, synthesised; no samples"
    """For the licence ledger."""


def mix(
    narration: Narration,
    out_wav: Path,
    seed: int,
    music: bool = True,
    progress: Callable[[float], None] = lambda _: None,
    *,
    accents_s: Sequence[float] = (),
) -> MixFacts:
    """Mix ``narration`` with a bed composed from ``seed`` into ``out_wav``: 48 kHz stereo 16 bit, -14 LUFS.

    ``accents_s`` are times (chapter starts) that get a soft rush of air that peaks there. ``progress`` takes 0 to 1.
    Raises ``FileNotFoundError`` if the recording is gone and ``ToolFailed`` if ffmpeg fails or the target is missed.
    """
    voice = Path(narration.wav)
    if not voice.is_file():
        raise FileNotFoundError(f"the narration's recording {voice} does not exist")
    out_wav.parent.mkdir(parents=True, exist_ok=True)
    level = _voice_level(voice)
    progress(_VOICE_SHARE)
    premix = out_wav.with_suffix(".premix.wav")
    try:
        blocks = _bed_blocks(narration, level, seed, music, accents_s)
        measured = _premix(voice, blocks, premix, narration.duration_s, progress)
        result = master(premix, measured, out_wav)
    finally:
        premix.unlink(missing_ok=True)
    progress(1.0)
    return MixFacts(
        wav=str(out_wav),
        duration_s=_seconds(out_wav),
        lufs=result.lufs,
        true_peak_dbtp=result.true_peak_dbtp,
        music=music,
        seed=seed,
    )


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as reader:
        return float(reader.getnframes() / reader.getframerate())


def _voice_level(path: Path) -> float:
    """Return the root mean square of the voice where it speaks, 0 to 1."""
    powers = []
    with wave.open(str(path)) as reader:
        if reader.getframerate() != RATE or reader.getnchannels() != 1 or reader.getsampwidth() != 2:
            raise ValueError(f"the recording {path} is not 48 kHz mono 16 bit")
        hop = RATE // 50
        while frames := reader.readframes(hop * 500):
            samples = np.frombuffer(frames, "<i2").astype(np.float32) / 32768.0
            whole = len(samples) // hop * hop
            powers.append(np.mean(np.square(samples[:whole].reshape(-1, hop)), axis=1))
    power = np.concatenate(powers)
    if power.size == 0 or power.max() <= 0:
        raise ValueError(f"the recording {path} is silent")
    return float(np.sqrt(power[power > 0.01 * power.max()].mean()))


def _bed_blocks(
    narration: Narration, level: float, seed: int, music: bool, accents_s: Sequence[float]
) -> Iterator[Stereo]:
    """Yield the bed, ducked and levelled against the voice, in blocks; silence where there is no music."""
    total = round(narration.duration_s * RATE)
    curve = ducking.gain_curve(narration)
    rush = instruments.whoosh(_WHOOSH_S, np.random.default_rng(seed + 1)) * np.float32(_WHOOSH_GAIN * level / 0.1)
    starts = [round((at - _WHOOSH_PEAK_S) * RATE) for at in accents_s] if music else []
    source = bed.compose(seed, narration.duration_s) if music else _silence(total)
    start = 0
    for raw in source:
        block = raw * (ducking.expand(curve, start, len(raw), RATE) * np.float32(level / _BED_RMS))[:, None]
        for at in starts:
            _overlay(block, rush, at - start)
        yield block
        start += len(raw)


def _silence(total: int) -> Iterator[Stereo]:
    for start in range(0, total, _BLOCK):
        yield np.zeros((min(_BLOCK, total - start), 2), np.float32)


def _overlay(block: Stereo, sound: Stereo, at: int) -> None:
    first, last = max(0, at), min(len(block), at + len(sound))
    if first < last:
        block[first:last] += sound[first - at : last - at]


def _premix(
    voice: Path, blocks: Iterator[Stereo], out: Path, duration_s: float, progress: Callable[[float], None]
) -> Loudness:
    """Stream the bed into ffmpeg beside the voice, write the sum as 32 bit float, and return its loudness."""
    graph = (
        f"[0:a]{_VOICE_CHAIN},pan=stereo|c0=c0|c1=c0[voice];[voice][1:a]amix=inputs=2:normalize=0:duration=longest,"
        "ebur128=peak=true:framelog=quiet[out]"
    )
    raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "-"]
    child = popen(
        [
            ffmpeg(),
            "-hide_banner",
            "-y",
            "-i",
            voice,
            *raw,
            "-filter_complex",
            graph,
            "-map",
            "[out]",
            "-c:a",
            "pcm_f32le",
            "-t",
            f"{duration_s:.6f}",
            out,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    total, done = round(duration_s * RATE), 0
    try:
        if child.stdin is not None:
            for block in blocks:
                child.stdin.write(block.astype("<f4", copy=False).tobytes())
                done += len(block)
                progress(_VOICE_SHARE + (_PREMIX_SHARE - _VOICE_SHARE) * done / total)
    except BrokenPipeError:
        pass  # ffmpeg ended early: its own words below say why
    except BaseException:
        child.kill()
        raise
    log = child.communicate()[1].decode("utf-8", "replace")
    if child.returncode != 0:
        raise ToolFailed(f"ffmpeg could not mix the voice and the bed: {log[-600:].strip()}")
    return read_summary(log)
