"""A contact sheet: frames of a finished film in one picture, for people to look at."""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path

from ytempire.media.process import ToolFailed, run_ffmpeg
from ytempire.media.studio.errors import StudioError

_DURATION = re.compile(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")


def duration_s(video: Path) -> float:
    """Length of a film in seconds. Raises ``StudioError`` when it is not a film."""
    try:
        said = run_ffmpeg(["-i", video, "-map", "0:v:0", "-c", "copy", "-f", "null", "-"])
    except ToolFailed as error:
        raise StudioError(f"{video} is not a film that can be read: {error}") from None
    found = _DURATION.search(said)
    if not found:
        raise StudioError(f"{video} is not a film that can be read")
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def contact_sheet(video: Path, out: Path, every_s: float = 2.0, columns: int = 5, width: int = 480) -> int:
    """Writes a PNG with one frame every ``every_s`` seconds of the film, ``columns`` across; returns how many.

    Raises ``StudioError`` when the film cannot be read and ``ToolFailed`` when ffmpeg fails.
    """
    count = max(1, math.floor(duration_s(video) / every_s))
    rows = math.ceil(count / columns)
    out.parent.mkdir(parents=True, exist_ok=True)
    chain = f"fps=1/{every_s},scale={width}:-2:flags=area,tile={columns}x{rows}:padding=6:margin=6:color=0x111111"
    seek = ["-loglevel", "error", "-ss", f"{every_s / 2:.3f}", "-i", str(video), "-an"]
    run_ffmpeg([*seek, "-vf", chain, "-frames:v", "1", "-update", "1", str(out)])
    return count


def main(arguments: list[str]) -> int:
    """``python -m ytempire.media.studio.contact FILM.mp4 SHEET.png [SECONDS]``."""
    if len(arguments) not in (2, 3):
        print("usage: python -m ytempire.media.studio.contact FILM.mp4 SHEET.png [SECONDS]", file=sys.stderr)
        return 2
    try:
        every = float(arguments[2]) if len(arguments) == 3 else 2.0
        count = contact_sheet(Path(arguments[0]), Path(arguments[1]), every)
    except (ValueError, ToolFailed) as error:
        print(f"{error}", file=sys.stderr)
        return 1
    print(f"{arguments[1]}: {count} frames")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
