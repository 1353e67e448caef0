"""What can go wrong, by who should react: the caller (conflict), the machinery (transient), a person (permanent)."""

from __future__ import annotations


class VersionConflictError(Exception):
    """Somebody else appended to the stream first: load again, decide again."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, not {expected}")
        self.stream, self.expected, self.actual = stream, expected, actual


class TransientError(Exception):
    """It may work later: the message is tried again after a delay."""


class PermanentError(Exception):
    """It will never work: the message goes to the dead letters with this reason."""


class UnitRefusedError(PermanentError):
    """A unit that can never be written: an event id that was used before, text the database cannot keep."""


class RewindError(Exception):
    """A projection was offered an event whose predecessor it has not seen: read again from ``seq``."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"events are missing: read the stream again from sequence {seq}")
        self.seq = seq


class ChainBrokenError(Exception):
    """The log is not what was written: names the first position that proves it."""
