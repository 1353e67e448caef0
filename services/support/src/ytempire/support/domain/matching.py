"""Which of a customer's videos a ticket means when it names none: the newest one the complaint can be about."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ytempire.support.domain.categories import Categorised
from ytempire.support.domain.job import Job


def _failed(job: Job) -> bool:
    return job.status in ("failed", "refused")


def _watchable(job: Job) -> bool:
    return job.status in ("rendered", "scheduled", "publish_failed", "published")


def _on_its_way_to_youtube(job: Job) -> bool:
    return job.status in ("scheduled", "publish_failed", "published")


def _publish_failed(job: Job) -> bool:
    return job.status == "publish_failed"


_BY_TOPIC: Mapping[str, tuple[Callable[[Job], bool], ...]] = {
    "render_failed": (_failed,),
    "upload_failed": (_publish_failed, _watchable),
    "no_sound": (_watchable,),
    "broken_file": (_watchable,),
}
_BY_CATEGORY: Mapping[str, tuple[Callable[[Job], bool], ...]] = {
    "content_quality": (_watchable,),
    "youtube_problem": (_on_its_way_to_youtube,),
}


def best_match(jobs: Mapping[str, Job], sorted_as: Categorised) -> str | None:
    """Id of the video.

    :param jobs: the customer's jobs, the newest first.
    """
    wanted = _BY_TOPIC.get(sorted_as.topic or "") or _BY_CATEGORY.get(sorted_as.category, ())
    for fits in wanted:
        for video_id, job in jobs.items():
            if fits(job):
                return video_id
    return next(iter(jobs), None)
