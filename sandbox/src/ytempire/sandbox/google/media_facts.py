"""Facts of an uploaded file, read from its headers only: MP4 boxes, image headers, first bytes."""

import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

MOST_MOOV_BYTES = 64 * 1024 * 1024
OTHER_VIDEO = (b"\x1aE\xdf\xa3", b"RIFF", b"\x00\x00\x01\xba", b"FLV", b"G@")


@dataclass(frozen=True)
class VideoFacts:
    """What YouTube would find out: ``problem`` is a ``failureReason`` when the file is no usable video."""

    problem: str | None = None
    duration_ms: int = 0
    width: int = 0
    height: int = 0
    has_audio: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The facts as JSON."""
        return asdict(self)


def video_facts(path: Path) -> VideoFacts:
    """Facts of a video file; containers other than MP4 are accepted, but their length stays 0."""
    with path.open("rb") as file:
        size = path.stat().st_size
        head = file.read(12)
        if size == 0:
            return VideoFacts(problem="emptyFile")
        if head[4:8] in (b"ftyp", b"moov", b"mdat"):
            return _mp4_facts(file, size)
        if head.startswith(OTHER_VIDEO):
            return VideoFacts(has_audio=True)
        return VideoFacts(problem="invalidFile")


def _mp4_facts(file: BinaryIO, size: int) -> VideoFacts:
    try:
        for kind, start, end in _boxes(file, 0, size):
            if kind == b"moov" and end - start <= MOST_MOOV_BYTES:
                return _moov_facts(file, start, end)
    except (struct.error, ValueError):
        pass
    return VideoFacts(problem="invalidFile")


def _moov_facts(file: BinaryIO, start: int, end: int) -> VideoFacts:
    duration_ms = width = height = 0
    handlers: set[bytes] = set()
    for kind, inner, stop in _boxes(file, start, end):
        if kind == b"mvhd":
            duration_ms = _duration_ms(_read(file, inner, stop))
        elif kind == b"trak":
            handler, size = _track(file, inner, stop)
            handlers.add(handler)
            if handler == b"vide":
                width, height = size
    if b"vide" not in handlers or not duration_ms:
        return VideoFacts(problem="invalidFile")
    return VideoFacts(None, duration_ms, width, height, b"soun" in handlers)


def _track(file: BinaryIO, start: int, end: int) -> tuple[bytes, tuple[int, int]]:
    """Handler type (``vide``, ``soun``) and width and height of a track."""
    handler, size = b"", (0, 0)
    for kind, inner, stop in _boxes(file, start, end):
        if kind == b"tkhd":
            wide, high = struct.unpack(">II", _read(file, inner, stop)[-8:])
            size = (wide >> 16, high >> 16)
        elif kind == b"mdia":
            for part, a, b in _boxes(file, inner, stop):
                if part == b"hdlr":
                    handler = _read(file, a, b)[8:12]
    return handler, size


def _duration_ms(mvhd: bytes) -> int:
    if mvhd[0] == 1:
        scale, length = struct.unpack(">IQ", mvhd[20:32])
    else:
        scale, length = struct.unpack(">II", mvhd[12:20])
    return round(length * 1000 / scale) if scale else 0


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of each box in a range of the file."""
    position = start
    while position + 8 <= end:
        size, kind = struct.unpack(">I4s", _read(file, position, position + 8))
        content = position + 8
        if size == 1:
            size = struct.unpack(">Q", _read(file, content, content + 8))[0]
            content += 8
        elif size == 0:
            size = end - position
        if size < content - position or position + size > end:
            raise ValueError("a box reaches beyond its parent")
        yield kind, content, position + size
        position += size


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def image_size(data: bytes) -> tuple[str, int, int] | None:
    """Media type, width and height of a PNG, JPEG, GIF or BMP; None if it is none of them."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return ("image/png", *struct.unpack(">II", data[16:24]))
    if data.startswith(b"\xff\xd8"):
        return _jpeg_size(data)
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return ("image/gif", *struct.unpack("<HH", data[6:10]))
    if data.startswith(b"BM") and len(data) >= 26:
        wide, high = struct.unpack("<ii", data[18:26])
        return "image/bmp", wide, abs(high)
    return None


def _jpeg_size(data: bytes) -> tuple[str, int, int] | None:
    position = 2
    while position + 9 <= len(data):
        if data[position] != 0xFF:
            return None
        marker, length = data[position + 1], struct.unpack(">H", data[position + 2 : position + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            high, wide = struct.unpack(">HH", data[position + 5 : position + 9])
            return "image/jpeg", wide, high
        position += 2 + length
    return None
