"""From a script to one recording with the time of every written word."""

from __future__ import annotations

import io
import math
import re
import wave
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ytempire.media.domain.narration import Narration, TimedLine, TimedWord
from ytempire.media.domain.script import Line, Script
from ytempire.media.process import run_ffmpeg
from ytempire.media.voice.cache import SentenceCache
from ytempire.media.voice.errors import VoiceFailed
from ytempire.media.voice.model import VoiceSettings, sentence_key, voice_name
from ytempire.media.voice.speech import SpeechProcess, Spoken
from ytempire.media.voice.spoken_timing import (
    Span,
    spoken_words,
    time_by_audio,
    time_by_phonemes,
    voiced_spans,
)
from ytempire.media.voice.written_timing import time_written, written_words

OUTPUT_RATE = 48_000
_MAX_LEVEL_CHANGE_DB = 3.0
_FADE_S = 0.004
_SENTENCE_SHARE = 0.95
_SPEAKABLE = re.compile(r"[A-Za-z0-9]")

Samples = NDArray[np.float32]


class _Clip(NamedTuple):
    samples: Samples
    rate: int
    words: list[Span]


def narrate(
    script: Script,
    out_dir: Path,
    progress: Callable[[float], None] = lambda _: None,
    *,
    cache_dir: Path | None = None,
    settings: VoiceSettings | None = None,
) -> Narration:
    """Speak ``script`` into ``out_dir/narration.wav`` (48 kHz mono 16 bit) and return when each word is heard.

    Sentences already in ``cache_dir`` (``out_dir/sentences`` by default) are not spoken again; if all are there, no
    speech process is started. It has ended, and its memory is free, when this returns. ``progress`` takes 0 to 1.
    Raises ``ValueError`` for a script without a speakable line and ``VoiceFailed`` if the voice breaks.
    """
    manner = settings or VoiceSettings()
    for line in script.lines:
        if not _SPEAKABLE.search(line.spoken):
            raise ValueError(f"line {line.index} of the script has nothing to speak: {line.spoken!r}")
    if not script.lines:
        raise ValueError("the script has no lines to speak")
    out_dir.mkdir(parents=True, exist_ok=True)
    cache = SentenceCache(cache_dir or out_dir / "sentences")
    sentences = _speak([line.spoken for line in script.lines], cache, manner, lambda x: progress(_SENTENCE_SHARE * x))
    clips = _level([_clip(line, spoken) for line, spoken in zip(script.lines, sentences, strict=True)])
    wav = out_dir / "narration.wav"
    narration = _assemble(script, clips, manner, wav)
    cache.prune()
    progress(1.0)
    return narration


def _speak(
    texts: list[str], cache: SentenceCache, settings: VoiceSettings, progress: Callable[[float], None]
) -> list[Spoken]:
    """Return the sentences in order; those that are not in the cache are spoken by one process."""
    keys = [sentence_key(text, settings) for text in texts]
    have = {key: kept for key in dict.fromkeys(keys) if (kept := cache.get(key)) is not None}
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in have}
    total = sum(len(text) for text in missing.values())
    if missing:
        done = 0
        with SpeechProcess(settings) as speech:
            for key, text in missing.items():
                have[key] = speech.say(text)
                cache.put(key, have[key])
                done += len(text)
                progress(done / total)
    return [have[key] for key in keys]


def _clip(line: Line, spoken: Spoken) -> _Clip:
    """Decode one sentence and time its written words."""
    samples, rate = _decode(spoken.wav, line)
    length = len(samples) / rate
    words = spoken_words(line.spoken)
    spans = None
    # Phonemes that do not fill the audio belong to a part of it only: then the audio itself is the better witness.
    if math.isclose(sum(p.seconds for p in spoken.phonemes), length, abs_tol=0.05):
        spans = time_by_phonemes(words, spoken.phonemes)
    if spans is None:
        spans = time_by_audio(words, samples, rate)
    return _Clip(samples, rate, time_written(line.text, line.spoken, spans, Span(0.0, length)))


def _decode(content: bytes, line: Line) -> tuple[Samples, int]:
    try:
        with wave.open(io.BytesIO(content)) as reader:
            rate, frames = reader.getframerate(), reader.readframes(reader.getnframes())
    except (wave.Error, EOFError) as error:
        raise VoiceFailed(f"the voice gave no readable audio for line {line.index}: {error}") from error
    samples = np.frombuffer(frames, dtype="<i2").astype(np.float32) / 32768.0
    if len(samples) == 0:
        raise VoiceFailed(f"the voice gave no audio for line {line.index}: {line.spoken!r}")
    return samples, rate


def _level(clips: list[_Clip]) -> list[_Clip]:
    """Bring the sentences to one loudness: the voice scales each to its own peak, which is heard as uneven."""
    levels = [_voiced_level_db(clip) for clip in clips]
    middle = float(np.median(levels))
    out = []
    for clip, level in zip(clips, levels, strict=True):
        change = min(_MAX_LEVEL_CHANGE_DB, max(-_MAX_LEVEL_CHANGE_DB, middle - level))
        # Half scale leaves room for the change; the mix sets the final loudness.
        out.append(clip._replace(samples=_faded(clip.samples * np.float32(0.5 * 10 ** (change / 20)), clip.rate)))
    return out


def _voiced_level_db(clip: _Clip) -> float:
    parts = [
        clip.samples[int(s.start_s * clip.rate) : int(s.end_s * clip.rate)]
        for s in voiced_spans(clip.samples, clip.rate)
    ]
    power = float(np.mean(np.square(np.concatenate(parts), dtype=np.float64)))
    return 10 * math.log10(max(power, 1e-9))


def _faded(samples: Samples, rate: int) -> Samples:
    """Fade both ends over 4 ms, so that a sentence does not begin or end with a click."""
    count = min(len(samples) // 2, int(rate * _FADE_S))
    if count:
        ramp = np.linspace(0.0, 1.0, count, dtype=np.float32)
        samples[:count] *= ramp
        samples[-count:] *= ramp[::-1]
    return samples


def _gap_before(line: Line, previous: Line | None, settings: VoiceSettings) -> float:
    if previous is None:
        return settings.lead_in_s
    return settings.sentence_gap_s if line.chapter == previous.chapter else settings.chapter_gap_s


def _assemble(script: Script, clips: list[_Clip], settings: VoiceSettings, wav: Path) -> Narration:
    """Put the sentences and silences together, write the 48 kHz file, and shift every time to its place in it."""
    rate = clips[0].rate
    parts: list[Samples] = []
    words: list[TimedWord] = []
    lines: list[TimedLine] = []
    position = 0
    previous: Line | None = None
    for index, (line, clip) in enumerate(zip(script.lines, clips, strict=True)):
        silence = round(_gap_before(line, previous, settings) * rate)
        parts += [np.zeros(silence, np.float32), clip.samples]
        start = (position + silence) / rate
        timed = [
            TimedWord(text=text, line=index, start_s=round(start + span.start_s, 4), end_s=round(start + span.end_s, 4))
            for text, span in zip(written_words(line.text), clip.words, strict=True)
        ]
        words += timed
        end = start + len(clip.samples) / rate
        lines.append(TimedLine(line=index, start_s=round(start, 4), end_s=round(end, 4)))
        position += silence + len(clip.samples)
        previous = line
    parts.append(np.zeros(round(settings.tail_s * rate), np.float32))
    count = _write(np.concatenate(parts), rate, wav)
    return Narration(
        wav=str(wav),
        sample_rate=OUTPUT_RATE,
        duration_s=count / OUTPUT_RATE,
        lines=tuple(lines),
        words=tuple(words),
        voice=voice_name(settings.voice),
    )


def _write(samples: Samples, rate: int, wav: Path) -> int:
    """Resample to 48 kHz 16 bit mono and return the number of samples written; the file appears whole or not at all."""
    partial = wav.with_suffix(".part.wav")
    count = round(len(samples) * OUTPUT_RATE / rate)
    # The resampler's end may be a few samples short or long: pad and cut to the exact length.
    chain = f"aresample={OUTPUT_RATE}:resampler=soxr:osf=s16:dither_method=triangular,apad,atrim=end_sample={count}"
    run_ffmpeg(
        ["-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "-", "-af", chain, "-c:a", "pcm_s16le", partial],
        stdin=samples.astype("<f4").tobytes(),
    )
    partial.replace(wav)
    return count
