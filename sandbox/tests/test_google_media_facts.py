"""Facts read from file headers, checked against files that ffmpeg wrote."""

import subprocess

import imageio_ffmpeg
import pytest

from ytempire.sandbox.google.captions import text_of
from ytempire.sandbox.google.links import track_links
from ytempire.sandbox.google.media_facts import image_size, video_facts
from ytempire.sandbox.google.testkit import write_mp4
from ytempire.sandbox.google.video_resource import iso_duration


def ffmpeg(path, *more: str) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=size=320x180:rate=10:duration=2.5"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, *more, "-y", str(path)]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize("flags", [[], ["-movflags", "+faststart"]])
def test_a_real_mp4(tmp_path, flags):
    path = tmp_path / "film.mp4"
    sound = [
        "-f",
        "lavfi",
        "-i",
        "sine=duration=2.5",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-c:a",
        "aac",
        "-shortest",
    ]
    ffmpeg(path, *sound, *flags)
    facts = video_facts(path)
    assert facts.problem is None
    assert facts.duration_ms == pytest.approx(2500, abs=80)
    assert (facts.width, facts.height, facts.has_audio) == (320, 180, True)


def test_a_silent_mp4(tmp_path):
    path = tmp_path / "silent.mp4"
    ffmpeg(path, "-c:v", "libx264", "-preset", "ultrafast")
    assert video_facts(path).has_audio is False


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_pictures(tmp_path, suffix):
    path = tmp_path / f"still.{suffix}"
    ffmpeg(path, "-frames:v", "1")
    found = image_size(path.read_bytes())
    assert found is not None
    assert found[1:] == (320, 180)


def test_a_cut_file_is_no_video(tmp_path):
    path = write_mp4(tmp_path / "film.mp4", 10.0)
    path.write_bytes(path.read_bytes()[:200])
    assert video_facts(path).problem == "invalidFile"
    path.write_bytes(b"")
    assert video_facts(path).problem == "emptyFile"


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "P0D"), (65_400, "PT1M5S"), (3_600_000, "PT1H"), (59_999, "PT59S")]
)
def test_durations(milliseconds, text):
    assert iso_duration(milliseconds) == text


def test_links_keep_the_time_they_were_first_there():
    first = track_links("See https://a.example/x?y=1&z=2. And (https://b.example).", {}, "t1")
    assert first == {"https://a.example/x?y=1&z=2": "t1", "https://b.example": "t1"}
    assert track_links("https://b.example https://c.example", first, "t2") == {
        "https://b.example": "t1",
        "https://c.example": "t2",
    }


def test_captions_convert(tmp_path):
    path = tmp_path / "track"
    path.write_text("WEBVTT\n\n00:01.500 --> 00:03.000 align:start\nOne\ntwo\n\n01:00:00.000 --> 01:00:01.250\nThree\n")
    wanted = "1\n00:00:01,500 --> 00:00:03,000\nOne\ntwo\n\n2\n01:00:00,000 --> 01:00:01,250\nThree\n"
    assert text_of({"file": str(path)}, "srt") == wanted
