"""Looks at a brief before any work starts: can it be read, and are there facts for the topic."""

from __future__ import annotations

from ytempire.media.domain.events import JobRequested
from ytempire.media.writer.brief import read_brief
from ytempire.media.writer.errors import WriterError
from ytempire.media.writer.topic import brief_for


class WriterBriefs:
    """Implements ``ports.BriefReader`` with the writer's own reader."""

    def refusal(self, job: JobRequested, niche_id: str) -> tuple[str, str, str] | None:
        try:
            if job.brief is not None:
                read_brief(job.brief.encode())
            else:
                brief_for(job.topic or "", niche_id)
        except WriterError as error:
            return error.code, error.field, str(error)
        return None
