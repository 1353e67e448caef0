"""The quality gate on small real files: a good one, and ones that are broken in a known way."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ytempire.media.domain.narration import Narration, TimedLine, TimedWord
from ytempire.media.measure import MediaFacts, PictureWatch, QualityReport, UnreadableMedia, preflight, probe
from ytempire.media.measure.checks import check_captions, check_sameness, sound_offset
from ytempire.media.process import run_ffmpeg
from ytempire.media.sound import mix

RATE = 48_000
DURATION = 4.0
SRT = "1\n00:00:00,200 --> 00:00:03,800\nla la\n"
LARGE, SMALL = "s=1920x1080:r=30", "s=480x270:r=30"
MOVING = f"testsrc2={SMALL}"
TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"


def make_narration(folder: Path) -> Narration:
    time = np.arange(round(DURATION * RATE)) / RATE
    rng = np.random.default_rng(1)
    buzz = sum(np.sin(2 * np.pi * 140 * n * time + n * n) / n for n in range(1, 16))
    pulses = np.repeat(rng.uniform(0.1, 1.0, 40), len(time) // 40)
    speaking = (time > 0.3) & (time < 3.7)
    with wave.open(str(folder / "voice.wav"), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes((buzz * pulses * speaking * 4000).astype("<i2").tobytes())
    return Narration(
        wav=str(folder / "voice.wav"),
        sample_rate=RATE,
        duration_s=DURATION,
        lines=(TimedLine(line=0, start_s=0.3, end_s=3.7),),
        words=(
            TimedWord(text="la", line=0, start_s=0.3, end_s=2.0),
            TimedWord(text="la", line=0, start_s=2.0, end_s=3.7),
        ),
        voice="test",
    )


class Studio:
    """Makes small videos for the gate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.narration = make_narration(folder)
        self.mix = folder / "mix.wav"
        mix(self.narration, self.mix, 1)
        self.captions = folder / "captions.srt"
        self.captions.write_text(SRT)

    def film(self, name: str, *, picture: str = MOVING, sound: str = "anull", options: tuple[str, ...] = ()) -> Path:
        path = self.folder / name
        run_ffmpeg(
            ["-f", "lavfi", "-i", f"{picture},{TAGS}", "-i", self.mix, "-af", sound, "-t", str(DURATION),
             "-c:v", "libx264", "-preset", "superfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-crf", "30",
             "-c:a", "aac", "-b:a", "192k", *(options or ("-movflags", "+faststart")), path]
        )  # fmt: skip
        return path

    def check(self, path: Path, **more: Any) -> QualityReport:
        return preflight(path, self.narration, captions=self.captions, **more)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(tmp_path_factory.mktemp("gate with a space"))


@pytest.fixture(scope="module")
def good(studio: Studio) -> Path:
    return studio.film("good.mp4", picture=f"testsrc2={LARGE}")


def codes(report: QualityReport, severity: str = "error") -> set[str]:
    return {f.code for f in report.findings if f.severity == severity}


def test_facts_of_a_file_are_read(good: Path) -> None:
    facts = probe(good)
    assert (facts.width, facts.height, facts.fps) == (1920, 1080, 30.0)
    assert (facts.video_codec, facts.pix_fmt, facts.container) == ("h264", "yuv420p", "isom")
    assert (facts.colour_range, facts.colour_matrix, facts.colour_primaries, facts.colour_transfer) == (
        "tv", "bt709", "bt709", "bt709",
    )  # fmt: skip
    assert (facts.audio_codec, facts.audio_profile, facts.sample_rate, facts.channels) == ("aac", "LC", 48_000, 2)
    assert facts.moov_first
    assert facts.bytes == good.stat().st_size
    assert len(facts.sha256) == 64
    assert facts.duration_s == pytest.approx(DURATION, abs=0.05)


def test_a_good_file_passes(studio: Studio, good: Path) -> None:
    seen: list[float] = []
    report = studio.check(good, progress=seen.append)
    assert not codes(report)
    assert report.passed
    assert report.lufs == pytest.approx(-14.0, abs=1.0)
    assert report.true_peak_dbtp is not None
    assert report.true_peak_dbtp <= -1.0
    assert report.sound_offset_s == pytest.approx(0.0, abs=0.021)
    assert len(report.fingerprint) == 2
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("black", {"picture": f"{MOVING},drawbox=c=black:t=fill:enable='between(t,1,1.5)'"}, "black"),
        ("frozen", {"picture": f"color=gray:{SMALL},drawbox=x=100:w=200:c=red"}, "frozen"),
        ("quiet", {"sound": "volume=-8dB"}, "loudness"),
        ("clipped", {"sound": "volume=8dB"}, "clipping"),
        ("silent", {"sound": "volume=0:enable='between(t,0.5,3.6)'"}, "silence"),
        ("late", {"sound": "adelay=300:all=1"}, "sync"),
        ("moov", {"options": ("-movflags", "0")}, "moov_last"),
        ("small", {"options": ("-s", "640x360", "-movflags", "+faststart")}, "size"),
        ("mute", {"options": ("-an", "-movflags", "+faststart")}, "no_audio"),
        ("mono", {"options": ("-ac", "1", "-movflags", "+faststart")}, "audio_format"),
        ("short", {"options": ("-t", "2.5", "-movflags", "+faststart")}, "duration"),
    ],
)
def test_a_broken_file_is_found_out(studio: Studio, name: str, change: dict[str, Any], expected: str) -> None:
    report = studio.check(studio.film(f"{name}.mp4", **change))
    assert expected in codes(report)
    assert not report.passed
    if name == "black":
        assert next(f.at_s for f in report.findings if f.code == "black") == pytest.approx(1.0, abs=0.05)


def test_missing_captions_are_found_out(studio: Studio, good: Path) -> None:
    assert "captions_missing" in codes(preflight(good, studio.narration))
    early = "1\n00:00:00,000 --> 00:00:00,900\nla\n"
    assert {f.code for f in check_captions(early, studio.narration)} == {"captions_missing"}
    late = f"{SRT}\n2\n00:00:05,000 --> 00:00:06,000\nla\n"
    assert {f.code for f in check_captions(late, studio.narration)} == {"captions_late"}


def test_a_damaged_file_is_found_out(studio: Studio, good: Path) -> None:
    content = bytearray(good.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    broken = studio.folder / "damaged.mp4"
    broken.write_bytes(content)
    assert "damaged" in codes(studio.check(broken))


def test_a_portfolio_video_with_the_same_pictures_is_found_out(studio: Studio, good: Path) -> None:
    own = studio.check(good).fingerprint
    assert "sameness" in codes(studio.check(good, portfolio={"last week": own}))
    other = studio.check(studio.film("other.mp4", picture=f"mandelbrot={SMALL}")).fingerprint
    assert not list(check_sameness(own, {"another": other}))


def test_watching_while_drawing_spares_the_decoding(studio: Studio, good: Path) -> None:
    watch = PictureWatch(30.0)
    rng = np.random.default_rng(2)
    for _ in range(120):
        watch.see(rng.integers(16, 235, (1080, 1920), dtype=np.uint8))
    report = studio.check(good, watched=watch.finish())
    assert not codes(report)
    frozen = PictureWatch(30.0)
    for _ in range(120):
        frozen.see(np.full((270, 480), 90, np.uint8))
    assert "frozen" in codes(studio.check(good, watched=frozen.finish()))


def test_a_shift_of_the_sound_is_measured() -> None:
    levels = np.random.default_rng(3).uniform(-50, -10, 400)
    assert sound_offset(np.concatenate((np.full(10, -50.0), levels)), levels) == pytest.approx(0.2)
    assert sound_offset(np.random.default_rng(4).uniform(-50, -10, 400), levels) is None


@pytest.mark.parametrize(("content", "part"), [(None, "does not exist"), (b"", "is empty"), (b"text\n" * 99, "not a")])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes | None, part: str) -> None:
    path = tmp_path / "x.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableMedia, match=part):
        probe(path)


def test_it_runs_as_a_child_process(studio: Studio, good: Path, tmp_path: Path) -> None:
    (tmp_path / "n.json").write_text(studio.narration.model_dump_json())
    job = {"video": str(good), "narration": str(tmp_path / "n.json"), "captions": str(studio.captions)}
    (tmp_path / "job.json").write_text(json.dumps({**job, "result": str(tmp_path / "r.json")}))
    command = [sys.executable, "-m", "ytempire.media.measure", str(tmp_path / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report = QualityReport.model_validate_json((tmp_path / "r.json").read_bytes())
    assert isinstance(report.facts, MediaFacts)
    assert json.loads(done.stdout.splitlines()[-1])["compute"]["cpu_ms"] > 0
