"""The real voice, three short sentences, spoken once for all tests of this file."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest

from ytempire.media.domain.narration import Narration
from ytempire.media.domain.script import Chapter, Line, Script
from ytempire.media.voice import VoiceSettings, narrate
from ytempire.media.voice.narrate import OUTPUT_RATE

LINES = (
    (
        "In 1956, moving one ton cost $5.86.",
        "In nineteen fifty-six, moving one ton cost five dollars and eighty-six cents.",
        -1,
    ),
    ("Then came the box, and prices fell.", "Then came the box, and prices fell.", -1),
    ("Why did nobody see it coming?", "Why did nobody see it coming?", 0),
)


def make_script() -> Script:
    lines = tuple(
        Line(index=i, text=text, spoken=spoken, kind="fact", chapter=chapter)
        for i, (text, spoken, chapter) in enumerate(LINES)
    )
    return Script(
        title="The box",
        kind="history",
        chapters=(Chapter(index=0, title="A"),),
        lines=lines,
        words=sum(len(x.spoken.split()) for x in lines),
        target_words=30,
    )


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Narration, Path, list[float]]:
    folder = tmp_path_factory.mktemp("voice with a space")
    seen: list[float] = []
    return narrate(make_script(), folder, seen.append), folder, seen


def test_the_recording_is_48_khz_mono_with_silences(spoken: tuple[Narration, Path, list[float]]) -> None:
    narration, _, seen = spoken
    with wave.open(narration.wav) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (OUTPUT_RATE, 1, 2)
        samples = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    assert len(samples) / OUTPUT_RATE == pytest.approx(narration.duration_s, abs=1e-4)
    lines, manner = narration.lines, VoiceSettings()
    assert lines[0].start_s == pytest.approx(manner.lead_in_s, abs=1e-3)
    assert lines[1].start_s - lines[0].end_s == pytest.approx(manner.sentence_gap_s, abs=2e-3)
    assert lines[2].start_s - lines[1].end_s == pytest.approx(manner.chapter_gap_s, abs=2e-3)
    assert narration.duration_s - lines[2].end_s == pytest.approx(manner.tail_s, abs=2e-3)
    gap = samples[int((lines[0].end_s + 0.05) * OUTPUT_RATE) : int((lines[1].start_s - 0.05) * OUTPUT_RATE)]
    assert np.abs(gap).max() < 50
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_every_written_word_is_timed_inside_its_line(spoken: tuple[Narration, Path, list[float]]) -> None:
    narration, _, _ = spoken
    for line in narration.lines:
        words = [w for w in narration.words if w.line == line.line]
        assert " ".join(w.text for w in words) == LINES[line.line][0]
        assert words[0].start_s >= line.start_s
        assert words[-1].end_s <= line.end_s
        assert all(a.end_s <= b.start_s + 1e-6 for a, b in pairwise(words))
    # "$5.86." is said in six words, so it must take the longest time of all.
    longest = max(narration.words, key=lambda w: w.end_s - w.start_s)
    assert longest.text == "$5.86."


def test_words_begin_and_end_where_the_voice_does(spoken: tuple[Narration, Path, list[float]]) -> None:
    narration, _, _ = spoken
    with wave.open(narration.wav) as reader:
        samples = np.frombuffer(reader.readframes(reader.getnframes()), "<i2").astype(np.float64)
    hop = OUTPUT_RATE // 100
    energy = np.sqrt(np.mean(samples[: len(samples) // hop * hop].reshape(-1, hop) ** 2, axis=1))
    loud = energy > 0.04 * np.percentile(energy, 95)
    for line in narration.lines:
        words = [w for w in narration.words if w.line == line.line]
        heard = np.flatnonzero(loud[int(line.start_s * 100) : int(line.end_s * 100)]) / 100 + line.start_s
        assert words[0].start_s == pytest.approx(heard[0], abs=0.08)
        assert words[-1].end_s == pytest.approx(heard[-1], abs=0.12)


def test_what_is_cached_is_not_spoken_again(
    spoken: tuple[Narration, Path, list[float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    narration, folder, _ = spoken
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")  # starting a voice would fail
    again = narrate(make_script(), tmp_path, cache_dir=folder / "sentences")
    assert again.words == narration.words
    assert Path(again.wav).read_bytes() == Path(narration.wav).read_bytes()


def test_the_speech_process_has_ended(spoken: tuple[Narration, Path, list[float]]) -> None:
    children = psutil.Process().children(recursive=True)
    assert not [c for c in children if "piper.http_server" in " ".join(c.cmdline())]


def test_it_runs_as_a_child_process(spoken: tuple[Narration, Path, list[float]], tmp_path: Path) -> None:
    _, folder, _ = spoken
    (tmp_path / "script.json").write_text(make_script().model_dump_json())
    job = {
        "script": str(tmp_path / "script.json"),
        "out_dir": str(tmp_path / "out"),
        "cache_dir": str(folder / "sentences"),
        "result": str(tmp_path / "narration.json"),
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    command = [sys.executable, "-m", "ytempire.media.voice", str(tmp_path / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["compute"]["cpu_ms"] > 0
    assert Narration.model_validate_json(Path(last["result"]).read_bytes()).duration_s > 5
    assert (tmp_path / "out" / "captions.srt").read_text().startswith("1\n")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("{", "job.json is wrong"),
        ('{"result": "r", "out_dir": "o"}', "script: Field required"),
        ('{"result": "r", "out_dir": "o", "script": "/nonexistent.json"}', "/nonexistent.json"),
    ],
)
def test_a_wrong_job_is_said_in_one_line(content: str, part: str, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(content)
    command = [sys.executable, "-m", "ytempire.media.voice", str(tmp_path / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert part in json.loads(done.stdout)["message"]
    assert "Traceback" not in done.stderr


def test_a_line_without_words_is_refused(tmp_path: Path) -> None:
    script = make_script()
    silent = script.model_copy(update={"lines": (script.lines[0].model_copy(update={"spoken": "..."}),)})
    with pytest.raises(ValueError, match="line 0 of the script has nothing to speak"):
        narrate(silent, tmp_path)
