"""Frames and the finished film: every template, the encoder, the thumbnail, the contact sheet, the child process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ytempire.media.process import ToolFailed, ffmpeg
from ytempire.media.studio.color import luminance, parse_hex
from ytempire.media.studio.contact import contact_sheet, duration_s
from ytempire.media.studio.errors import StudioError
from ytempire.media.studio.film import Film
from ytempire.media.studio.gallery import scenes, stretched
from ytempire.media.studio.kit import KITS
from ytempire.media.studio.plan import plan
from ytempire.media.studio.render import RenderFacts, render
from ytempire.media.studio.sample import narrate, script
from ytempire.media.studio.sprite import Canvas
from ytempire.media.studio.stage import build, templates
from ytempire.media.studio.still import rgb
from ytempire.media.studio.storyboard import Scene, Storyboard
from ytempire.media.studio.thumbnail import lines_of, thumbnail

GALLERY = scenes()


def test_the_gallery_shows_every_template():
    assert {s.template for s in GALLERY} == set(templates())
    assert len(templates()) >= 12


def _drawn(kit: str, scene: Scene, *frames: int) -> list[np.ndarray]:
    draw, out = build(KITS[kit], scene), []
    for frame in frames:
        canvas = Canvas()
        draw(canvas, frame)
        out.append(canvas.y.copy())
    return out


@pytest.mark.parametrize("scene", GALLERY, ids=[f"{s.template}-{i}" for i, s in enumerate(GALLERY)])
def test_a_template_draws_lives_and_repeats_itself(scene):
    kit = "dusk" if scene.template in ("bars", "spot", "timeline") else "harbor"
    early, late, later = _drawn(kit, scene, 8, 120, 135)
    small = [cv2.resize(y, (240, 135), interpolation=cv2.INTER_AREA).astype(int) for y in (early, late, later)]
    assert (np.abs(small[1] - small[0]) >= 6).mean() > 0.01, "the scene does not build up"
    assert (np.abs(small[2] - small[1]) >= 3).mean() > 0.0005, "the scene stands still"
    assert small[1].std() > 8, "the frame is all but empty"
    again = _drawn(kit, scene, 120)[0]
    assert np.array_equal(again, late), "a frame drawn alone differs"


def test_far_too_long_texts_stay_in_the_frame():
    for scene in stretched()[::2]:
        late = _drawn("meadow", scene, 140)[0]
        assert late.std() > 5
        if scene.template in ("statement", "question", "spot", "quote", "list", "bars"):
            # Nothing is written where the player's controls lie.
            ground = KITS["meadow"].colours.ground(scene.ground).bg
            light = 16 + 219 * (0.2126 * ground[0] + 0.7152 * ground[1] + 0.0722 * ground[2])
            assert np.abs(late[1040:, 120:1000].astype(float) - light).mean() < 40


def test_an_unknown_template_is_named():
    with pytest.raises(StudioError, match="no-such"):
        build(KITS["harbor"], GALLERY[0].model_copy(update={"template": "no-such"}))


@pytest.fixture(scope="module")
def board() -> Storyboard:
    written = script()
    return plan(written, narrate(written, 1.3), KITS["harbor"])


def test_any_frame_of_the_film_can_be_drawn_alone(board):
    narration = narrate(script(), 1.3)
    straight, alone = Film(board, narration), Film(board, narration)
    cut = next(s for s in board.scenes if s.cut.frames >= 12)
    a, b = Canvas(), Canvas()
    for frame in range(cut.start - 2, cut.start + 9):
        straight.draw(a, frame)
    alone.draw(b, cut.start + 8)
    assert np.array_equal(a.buffer, b.buffer)


def test_the_spoken_word_is_highlighted(board):
    narration = narrate(script(), 1.3)
    film, canvas = Film(board, narration), Canvas()
    word = next(w for w in narration.words if w.line == 2 and w.text == "everything")
    film.draw(canvas, round((word.start_s + word.end_s) / 2 * 30))
    band = rgb(canvas)[915:990]
    scene = next(s for s in board.scenes if 2 in s.lines)
    ground = KITS["harbor"].colours.ground(scene.ground)
    key = KITS["harbor"].colours.accent if ground.dark else ground.key
    near = np.abs(band / 255 - np.array(key)).max(-1) < 0.08
    assert near.sum() > 3000


def _sound(path: Path, seconds: float) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 48000, 0, "NONE", ""))
        t = np.arange(round(seconds * 48000)) / 48000
        out.writeframes((np.sin(t * 2 * np.pi * 330) * 6000).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def film(tmp_path_factory, board) -> tuple[Path, RenderFacts, list[float]]:
    """A film of the first three seconds."""
    folder = tmp_path_factory.mktemp("film")
    first = board.scenes[0].model_copy(update={"frames": 75})
    short = board.model_copy(update={"scenes": (first,), "frames": 75})
    shares: list[float] = []
    out = folder / "film.mp4"
    facts = render(short, narrate(script(), 1.3), _sound(folder / "a.wav", 4), out, shares.append, "ultrafast", 18)
    return out, facts, shares


def test_the_film_is_what_the_platform_wants(film):
    out, facts, shares = film
    said = subprocess.run(
        [ffmpeg(), "-hide_banner", "-i", str(out)], capture_output=True, text=True, check=False
    ).stderr
    assert re.search(r"Video: h264 .*yuv420p\(tv, bt709.*1920x1080.* 30 fps", said), said
    assert re.search(r"Audio: aac \(LC\).*48000 Hz, stereo", said), said
    assert abs(duration_s(out) - 2.5) < 0.06
    content = out.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert (facts.frames, facts.templates, facts.bytes) == (75, {"hook": 1}, len(content))
    assert facts.cpu_s > 0
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert [p.name for p in out.parent.iterdir() if p.suffix == ".mp4"] == ["film.mp4"]


def test_the_encoder_keeps_the_colours(film, board, tmp_path):
    out, _, _ = film
    picture = tmp_path / "frame.png"
    subprocess.run(
        [ffmpeg(), "-loglevel", "error", "-y", "-ss", "2", "-i", str(out), "-frames:v", "1", str(picture)], check=True
    )
    canvas = Canvas()
    Film(board, narrate(script(), 1.3)).draw(canvas, 60)
    error = np.abs(np.asarray(Image.open(picture).convert("RGB"), float) - rgb(canvas)).mean((0, 1))
    assert error.max() < 3.5


def test_a_film_without_sound_or_with_a_broken_encoder_leaves_nothing(board, tmp_path):
    narration = narrate(script(), 1.3)
    with pytest.raises(StudioError, match="does not exist"):
        render(board, narration, tmp_path / "none.wav", tmp_path / "a.mp4")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"this is no sound")
    with pytest.raises(ToolFailed, match="encoder"):
        render(board, narration, broken, tmp_path / "a.mp4")
    assert not list(tmp_path.glob("*.mp4"))
    assert not list(tmp_path.glob(".*"))


def test_a_contact_sheet(film, tmp_path):
    count = contact_sheet(film[0], tmp_path / "sheet.png", 0.5, 3, 160)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert count == 5
        assert sheet.size[0] == 3 * 160 + 2 * 6 + 12
    with pytest.raises(StudioError, match="not a film"):
        contact_sheet(Path(__file__), tmp_path / "no.png")


@pytest.mark.parametrize("title", ["How the Box Won", "Why heat pumps beat gas boilers in winter", "Honey",
                                   "Sourdough: what really happens in the jar"])  # fmt: skip
def test_the_thumbnail_is_small_and_loud(title, tmp_path):
    out = tmp_path / "t.jpg"
    thumbnail(script().model_copy(update={"title": title}), KITS["ember"], out)
    assert out.stat().st_size < 2_000_000
    with Image.open(out) as picture:
        assert (picture.size, picture.format) == ((1280, 720), "JPEG")
        tiny = np.asarray(picture.convert("L").resize((160, 90)), float)
    assert np.percentile(tiny[15:75, 6:95], 95) - np.percentile(tiny[15:75, 6:95], 5) > 60
    assert 1 <= sum(len(line.split()) for line in lines_of(title)) <= 5
    assert luminance(parse_hex("#ffffff")) == pytest.approx(1)


def _job(folder: Path, **more: object) -> subprocess.CompletedProcess[str]:
    written = script()
    brief = written.model_copy(update={"lines": written.lines[:1], "series": (), "chapters": ()})
    narration = narrate(brief, 2.5)
    (folder / "script.json").write_text(brief.model_dump_json())
    (folder / "narration.json").write_text(narration.model_copy(update={"duration_s": 2.0}).model_dump_json())
    _sound(folder / "a.wav", 3)
    names = {"script": "script.json", "narration": "narration.json", "audio": "a.wav", "out": "film.mp4"}
    names |= {"result": "facts.json", "thumbnail": "t.jpg", "storyboard": "board.json"}
    job = {key: str(folder / name) for key, name in names.items()} | {"preset": "ultrafast", "seed": "channel"} | more
    (folder / "job.json").write_text(json.dumps(job))
    return subprocess.run(
        [sys.executable, "-m", "ytempire.media.studio", str(folder / "job.json")],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_child_process_does_a_whole_job(tmp_path):
    done = _job(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert said[-1]["result"] == str(tmp_path / "facts.json")
    assert any("progress" in s for s in said)
    facts = json.loads((tmp_path / "facts.json").read_text())["facts"]
    assert facts["frames"] == 60
    assert (tmp_path / "film.mp4").stat().st_size == facts["bytes"]
    assert (tmp_path / "t.jpg").exists()
    assert Storyboard.model_validate_json((tmp_path / "board.json").read_text()).frames == 60


def test_the_child_process_says_what_is_wrong(tmp_path):
    done = _job(tmp_path, kit="plaid")
    assert done.returncode == 2
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["error"] == "input_invalid"
    assert "plaid" in said["message"]
    assert "Traceback" not in done.stderr
