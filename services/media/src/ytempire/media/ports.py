"""What media's rules need from the outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ytempire.media.compute import Usage
from ytempire.media.domain.events import JobRequested

Progress = Callable[[float], None]


class BriefReader(Protocol):
    """Looks at what a video is to be made from, before any work starts."""

    def refusal(self, job: JobRequested, niche_id: str) -> tuple[str, str, str] | None:
        """Code, field and sentence of what is wrong, or None."""


class StageFailedError(Exception):
    """A stage ended with an error. ``final`` says that trying again will not help."""

    def __init__(self, stage: str, code: str, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.stage, self.code, self.final = stage, code, final


class Workers(Protocol):
    """Runs a stage as a process of its own."""

    async def run(self, stage: str, module: str, job: dict[str, Any], folder: Path, progress: Progress) -> Usage:
        """Run to its end and return what it used.

        :raises StageFailedError: with the worker's own words.
        """


@dataclass(frozen=True)
class Rewritten:
    """A language model's answer with what it cost."""

    text: str
    micros: int
    quantity: str
    reference: str


class HookWriter(Protocol):
    """A language model that may rephrase the opening."""

    def estimate_micros(self, request: dict[str, Any]) -> int: ...

    async def rewrite(self, call_id: str, request: dict[str, Any]) -> Rewritten: ...

    async def find(self, call_id: str) -> Rewritten | None:
        """The answer to a call that was made before, if it was."""


Signal = Callable[[str, str, str, int, str], Awaitable[None]]
"""Video, user, stage, percent of the whole job, detail."""
