"""A producer takes a field away that another service reads: does ``make contract`` say so, and whose field it is?"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.backbone.scratch import Scratch

FILE = "libs/events/src/ytempire/events/media.py"
EVENT = "class VideoRendered(Event"
FIELD = "thumbnail: AssetRef"
NAMED = "publisher reads VideoRendered.v1 field thumbnail: the event has none"


def measure() -> dict[str, Any]:
    """Break the field in a scratch copy and run the contract tests on it.

    :returns: ``seconds`` the tests took, ``named``: what they said of the consumer and its field, or nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch.make(Path(folder) / "copy")
        path = scratch.root / FILE
        _, event, after = path.read_text(encoding="utf-8").partition(EVENT)
        scratch.replace(FILE, event + after, event + after.replace(f"    {FIELD}\n", "", 1))
        began = time.monotonic()
        done = scratch.run("make contract")
        seconds = time.monotonic() - began
    said = NAMED in done.stdout
    return {"seconds": round(seconds, 1), "named": NAMED if said and done.returncode else "", "output": done.stdout}


if __name__ == "__main__":
    result = measure()
    sys.stdout.write(json.dumps({key: result[key] for key in ("seconds", "named")}) + "\n")
