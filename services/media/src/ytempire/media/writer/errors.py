"""What the writer refuses, in words for people."""

from __future__ import annotations


class WriterError(ValueError):
    """A request that the writer cannot serve: a stable ``code``, the ``field`` at fault, a sentence to show."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message


class BriefError(WriterError):
    """The brief cannot be read."""


class NotEnoughFacts(WriterError):
    """There are no facts to write from; the user has to bring a brief."""


class UnfaithfulScript(WriterError):
    """Every script the writer made was refused by its own faithfulness check."""
