"""Named places where a test may end the process as a power cut would: no clean-up, no flush, no answer.

``YTEMPIRE_CRASH_AT=timer.after_append`` ends the process the first time it reaches that place,
``YTEMPIRE_CRASH_AT=relay.after_publish:7`` the seventh time. Any profile but the embedded one refuses to start with it.

| point | what has happened, and what has not |
|---|---|
| append.before_statement | units were taken from their callers, nothing was sent |
| append.after_commit | the log has them, no caller was answered |
| relay.before_publish | rows were read from the outbox |
| relay.after_publish | the stream has them, the relay does not know it yet |
| consume.before_handler | a message arrived |
| consume.after_commit | its effect is committed, it is not acknowledged |
| consume.after_ack | it is acknowledged |
| project.before_apply | a run of messages arrived |
| project.after_commit | the read model has them, they are not acknowledged |
| project.after_ack | they are acknowledged |
| react.before_handler | an own event is about to lead to something |
| react.after_commit | it has led to it, the mark has not moved |
| timer.before_append | timers are due |
| timer.after_append | their events are in the log, the runner does not know it yet |
"""

from __future__ import annotations

import os

POINTS = (
    "append.before_statement",
    "append.after_commit",
    "relay.before_publish",
    "relay.after_publish",
    "consume.before_handler",
    "consume.after_commit",
    "consume.after_ack",
    "project.before_apply",
    "project.after_commit",
    "project.after_ack",
    "react.before_handler",
    "react.after_commit",
    "timer.before_append",
    "timer.after_append",
)
VARIABLE = "YTEMPIRE_CRASH_AT"
EXIT_CODE = 137
"""What a process killed by the kernel shows too."""

_at, _, _nth = os.environ.get(VARIABLE, "").partition(":")
_left = int(_nth or 1)


def armed() -> bool:
    """Whether this process is meant to crash."""
    return bool(_at)


def point(name: str) -> None:
    """End the process here if the environment asks for it."""
    global _left
    if name == _at:
        _left -= 1
        if _left == 0:
            os._exit(EXIT_CODE)
