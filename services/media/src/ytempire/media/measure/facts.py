"""Facts of a finished file, read from its bytes and from what ffmpeg says about it (there is no ffprobe here)."""

from __future__ import annotations

import hashlib
import re
import struct
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ytempire.media.process import ffmpeg, popen

_READ = 1 << 20
_PROBE_TIMEOUT_S = 60
_DURATION = re.compile(r"Duration: (\d+):(\d+):(\d+(?:\.\d+)?)")
_BITRATE = re.compile(r"bitrate: (\d+) kb/s")
_VIDEO = re.compile(
    r"Stream #\S+ Video: (\w+)(?: \(([^()]+)\))?(?: \([^)]*\))?, (\w+)(?:\(([^)]*)\))?, .*?(\d{2,5})x(\d{2,5})"
)
_AUDIO = re.compile(r"Stream #\S+ Audio: (\w+)(?: \(([^()]+)\))?(?: \([^)]*\))?, (\d+) Hz, ([^,]+),")
_FPS = re.compile(r"([\d.]+) fps")
_STREAM_RATE = re.compile(r"(\d+) kb/s")
_CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6, "5.1(side)": 6, "7.1": 8}
_COLOURS = 3


class UnreadableMedia(ValueError):
    """The file is missing, empty, or not a video that ffmpeg can read."""


class MediaFacts(BaseModel):
    """What a media file is. Rates are in bits a second; absent streams leave None, 0 or empty text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    bytes: int
    sha256: str
    container: str
    """Major brand of an MP4 (``isom``), empty for anything else."""
    moov_first: bool
    """Whether the index lies before the media, so that playing can start while the file arrives."""
    duration_s: float
    bit_rate: int
    video_codec: str = ""
    video_profile: str = ""
    video_bit_rate: int = 0
    pix_fmt: str = ""
    colour_range: str = ""
    colour_primaries: str = ""
    colour_transfer: str = ""
    colour_matrix: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    audio_codec: str = ""
    audio_profile: str = ""
    audio_bit_rate: int = 0
    sample_rate: int = 0
    channels: int = 0


def probe(path: Path) -> MediaFacts:
    """Read the facts of ``path``. Raises ``UnreadableMedia`` that says what is wrong with the file."""
    if not path.is_file():
        raise UnreadableMedia(f"the file {path} does not exist")
    size = path.stat().st_size
    if size == 0:
        raise UnreadableMedia(f"the file {path} is empty")
    log = _describe(path)
    duration = _DURATION.search(log)
    if duration is None:
        raise UnreadableMedia(f"{path} is not a media file that can be read: {_reason(log)}")
    hours, minutes, seconds = duration.groups()
    brand, moov_first = read_atoms(path)
    rate = _BITRATE.search(log)
    return MediaFacts(
        path=str(path),
        bytes=size,
        sha256=_sha256(path),
        container=brand,
        moov_first=moov_first,
        duration_s=int(hours) * 3600 + int(minutes) * 60 + float(seconds),
        bit_rate=int(rate[1]) * 1000 if rate else 0,
        **_streams(log),
    )


def _describe(path: Path) -> str:
    child = popen(
        [ffmpeg(), "-hide_banner", "-nostdin", "-i", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        return child.communicate(timeout=_PROBE_TIMEOUT_S)[1].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        raise UnreadableMedia(f"reading the header of {path} took more than {_PROBE_TIMEOUT_S} s") from None


def _reason(log: str) -> str:
    """Return ffmpeg's last complaint, without its remark that it was given nothing to write."""
    lines = [line.strip() for line in log.splitlines() if line.strip() and "output file" not in line]
    return lines[-1] if lines else "ffmpeg says nothing more"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _streams(log: str) -> dict[str, object]:
    lines = [line for line in log.splitlines() if "Stream #" in line]
    facts: dict[str, object] = {}
    for line in lines:
        if "Video:" in line and "video_codec" not in facts:
            facts |= _video(line)
        elif "Audio:" in line and "audio_codec" not in facts:
            facts |= _audio(line)
    return facts


def _video(line: str) -> dict[str, object]:
    found = _VIDEO.search(line)
    if found is None:
        return {}
    codec, profile, pixels, tags, width, height = found.groups()
    fps, rate = _FPS.search(line), _STREAM_RATE.search(line)
    return {
        "video_codec": codec,
        "video_profile": profile or "",
        "pix_fmt": pixels,
        "width": int(width),
        "height": int(height),
        "fps": float(fps[1]) if fps else 0.0,
        "video_bit_rate": int(rate[1]) * 1000 if rate else 0,
        **_colours(tags or ""),
    }


def _colours(tags: str) -> dict[str, object]:
    """Read ``tv, bt709, progressive`` or ``tv, matrix/primaries/transfer, progressive``."""
    out: dict[str, object] = {}
    for part in (p.strip() for p in tags.split(",")):
        if part in {"tv", "pc"}:
            out["colour_range"] = part
        elif part and part not in {"progressive", "top first", "bottom first"}:
            names = part.split("/")
            names = names if len(names) == _COLOURS else [part] * _COLOURS
            out |= dict(zip(("colour_matrix", "colour_primaries", "colour_transfer"), names, strict=True))
    return out


def _audio(line: str) -> dict[str, object]:
    found = _AUDIO.search(line)
    if found is None:
        return {}
    codec, profile, rate, layout = found.groups()
    bits = _STREAM_RATE.search(line)
    return {
        "audio_codec": codec,
        "audio_profile": profile or "",
        "sample_rate": int(rate),
        "channels": _CHANNELS.get(layout.strip(), 0),
        "audio_bit_rate": int(bits[1]) * 1000 if bits else 0,
    }


def read_atoms(path: Path) -> tuple[str, bool]:
    """Return the major brand of an MP4 and whether its index lies before its media; ``("", False)`` if it is none."""
    brand, seen = "", []
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            length, name = struct.unpack(">I4s", head[:8])
            if length == 1 and len(head) == 16:
                length = struct.unpack(">Q", head[8:])[0]
            elif length == 0:
                length = size - at
            if length < 8:
                break
            if name == b"ftyp":
                brand = head[8:12].decode("ascii", "replace")
            elif not brand:
                return "", False
            seen.append(name)
            at += length
    if b"moov" not in seen or b"mdat" not in seen:
        return brand, False
    return brand, seen.index(b"moov") < seen.index(b"mdat")
