"""The bed, the ducking and the final loudness, measured on a made-up voice."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from ytempire.media.domain.narration import Narration, TimedLine, TimedWord
from ytempire.media.process import ToolFailed, run_ffmpeg
from ytempire.media.sound import loudness, mix
from ytempire.media.sound import master as mastering
from ytempire.media.sound.bed import compose
from ytempire.media.sound.ducking import CURVE_RATE, IN_PAUSE_DB, UNDER_SPEECH_DB, gain_curve
from ytempire.media.sound.instruments import RATE

SPEECH = ((0.6, 4.0), (4.45, 8.0), (10.5, 14.0))
DURATION = 15.2


def make_narration(folder: Path, *, level: float = 0.2) -> Narration:
    """Write a voice of buzzing syllables where ``SPEECH`` says, and return its narration."""
    time = np.arange(round(DURATION * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 130 * n * time + n * n) / n for n in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 4 * time), 0.0, 1.0)
    speaking = np.zeros(len(time))
    for start, end in SPEECH:
        speaking[int(start * RATE) : int(end * RATE)] = 1.0
    wav = folder / "voice.wav"
    with wave.open(str(wav), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes((buzz * syllables * speaking * level * 16000).astype("<i2").tobytes())
    lines = tuple(TimedLine(line=i, start_s=a, end_s=b) for i, (a, b) in enumerate(SPEECH))
    words = tuple(TimedWord(text="la", line=i, start_s=a, end_s=b) for i, (a, b) in enumerate(SPEECH))
    return Narration(wav=str(wav), sample_rate=RATE, duration_s=DURATION, lines=lines, words=words, voice="test")


@pytest.fixture(scope="module")
def narration(tmp_path_factory: pytest.TempPathFactory) -> Narration:
    return make_narration(tmp_path_factory.mktemp("sound"))


@pytest.mark.parametrize("music", [True, False])
def test_the_mix_meets_the_loudness_of_platforms(narration: Narration, tmp_path: Path, music: bool) -> None:
    seen: list[float] = []
    facts = mix(narration, tmp_path / "mix.wav", 3, music, seen.append, accents_s=(10.5,))
    measured = loudness(Path(facts.wav))
    assert measured.lufs == pytest.approx(-14.0, abs=0.5)
    assert measured.true_peak_dbtp <= -1.2
    assert (measured.lufs, measured.true_peak_dbtp) == (facts.lufs, facts.true_peak_dbtp)
    with wave.open(facts.wav) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (RATE, 2, 2)
    assert facts.duration_s == pytest.approx(DURATION, abs=0.001)
    assert seen == sorted(seen)
    assert [p.name for p in tmp_path.iterdir()] == ["mix.wav"]


def test_the_bed_is_the_same_for_a_seed_and_another_for_another() -> None:
    first, same, other = (np.concatenate(list(compose(seed, 12.3))) for seed in (1, 1, 2))
    assert len(first) == round(12.3 * RATE)
    assert np.array_equal(first, same)
    assert np.abs(np.corrcoef(first[:, 0], other[:, 0])[0, 1]) < 0.5


@pytest.mark.parametrize("seed", [0, 5, 11])
def test_the_bed_is_calm(seed: int) -> None:
    bed = np.concatenate(list(compose(seed, 30.0)))
    level = 20 * np.log10(np.sqrt(np.mean(bed**2)))
    assert level == pytest.approx(-18.0, abs=1.0)
    assert np.abs(bed).max() < 0.95
    power = np.abs(np.fft.rfft(bed.mean(axis=1))) ** 2
    above = np.fft.rfftfreq(len(bed), 1 / RATE) > 3000
    assert power[above].sum() < 0.01 * power.sum()  # nothing sharp over the consonants of the voice
    assert np.abs(np.diff(bed, axis=0)).max() < 0.12  # no clicks at the bars


def test_the_bed_sinks_before_speech_and_rises_in_long_pauses_only(narration: Narration) -> None:
    curve = 20 * np.log10(np.maximum(gain_curve(narration), 1e-6))

    def at(seconds: float) -> float:
        return float(curve[round(seconds * CURVE_RATE)])

    assert at(0.62) == pytest.approx(UNDER_SPEECH_DB, abs=0.5)
    assert at(4.2) == pytest.approx(UNDER_SPEECH_DB, abs=0.5)  # a gap between sentences does not pump
    assert at(9.4) == pytest.approx(IN_PAUSE_DB, abs=1.0)
    assert at(10.5) == pytest.approx(UNDER_SPEECH_DB, abs=0.5)
    assert at(DURATION - 0.01) < -40


def test_music_is_heard_in_pauses_and_silence_without_it(narration: Narration, tmp_path: Path) -> None:
    levels = {}
    for music in (True, False):
        mix(narration, tmp_path / "m.wav", 3, music)
        with wave.open(str(tmp_path / "m.wav")) as reader:
            samples = np.frombuffer(reader.readframes(reader.getnframes()), "<i2").astype(np.float64)
        pause = samples[int(9.0 * RATE) * 2 : int(10.0 * RATE) * 2]
        levels[music] = float(np.sqrt(np.mean(pause**2)))
    assert levels[True] > 100 * max(1.0, levels[False])


def test_what_the_encoder_adds_to_the_peak_is_taken_off_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bursts of noise, which the encoder brings two decibels above their samples, and a limit between the two."""
    monkeypatch.setattr(mastering, "_MOST_ENCODED_DBTP", -3.1)
    time = np.arange(round(6.0 * RATE)) / RATE
    bursts = np.random.default_rng(1).standard_normal(len(time)) * (np.sin(2 * np.pi * 3 * time) > 0.6) * 5000
    wav, mastered, heard = tmp_path / "bursts.wav", tmp_path / "mastered.wav", tmp_path / "heard.m4a"
    with wave.open(str(wav), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(np.clip(bursts, -32000, 32000).astype("<i2").tobytes())
    peaks = []
    for trials in (1, 3):
        monkeypatch.setattr(mastering, "_TRIALS", trials)
        mastering.master(wav, loudness(wav), mastered)
        run_ffmpeg(["-y", "-i", mastered, *mastering.AAC, heard])
        peaks.append(loudness(heard).true_peak_dbtp)
    assert peaks[0] > -3.0 >= peaks[1]


def test_a_silent_or_missing_recording_is_refused(tmp_path: Path) -> None:
    silent = make_narration(tmp_path, level=0.0)
    with pytest.raises(ValueError, match="is silent"):
        mix(silent, tmp_path / "mix.wav", 1)
    with pytest.raises(FileNotFoundError, match="recording"):
        mix(silent.model_copy(update={"wav": str(tmp_path / "none.wav")}), tmp_path / "mix.wav", 1)
    with pytest.raises(ToolFailed):
        loudness(tmp_path / "none.wav")
