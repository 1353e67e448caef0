"""Named places where a test may end the process, as a power cut would: no clean-up, no flush, no answer.

``YTEMPIRE_CRASH_AT=timer.after_append`` ends the process the first time it reaches that place.
"""

from __future__ import annotations

import os

_AT = os.environ.get("YTEMPIRE_CRASH_AT", "")


def point(name: str) -> None:
    """End the process here if the environment asks for it."""
    if name == _AT:
        os._exit(137)
