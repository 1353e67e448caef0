"""Daily quota of a Google Cloud project, counted in buckets that empty at midnight Pacific."""

from fastapi import Request

from ytempire.sandbox.google.errors import ApiError
from ytempire.sandbox.google.settings import GoogleSettings, quota_cost
from ytempire.sandbox.google.times import next_pacific_midnight, pacific_day, stamp
from ytempire.sandbox.journal import note
from ytempire.sandbox.world import World

KIND = "google.quota"


class Quota:
    """Counts what each project used today."""

    def __init__(self, world: World, settings: GoogleSettings) -> None:
        self._world, self._settings = world, settings

    def used(self, project: str) -> dict[str, int]:
        """Today's use of a project by bucket."""
        kept = self._world.store.get(KIND, self._id(project)) or {}
        return {bucket: int(kept.get(bucket, 0)) for bucket in self._settings.quota_limits}

    def charge(self, request: Request, project: str, method_id: str, http_method: str) -> None:
        """Count one call; raises 403 ``quotaExceeded`` when the bucket does not hold it."""
        bucket, cost = quota_cost(method_id, http_method)
        used, limit = self.used(project), self._settings.quota_limits.get(bucket, 0)
        if used[bucket] + cost > limit or self._world.faults.switched("youtube", "quota_exceeded", http_method):
            note(request, api_method=method_id, quota_bucket=bucket, quota_units=0, quota_exceeded=True)
            raise self._exceeded(bucket)
        self._world.store.put(KIND, self._id(project), {**used, bucket: used[bucket] + cost})
        note(request, api_method=method_id, quota_bucket=bucket, quota_units=cost, quota_used=used[bucket] + cost)

    def _exceeded(self, bucket: str) -> ApiError:
        again = stamp(next_pacific_midnight(self._world.clock.now()))
        message = f"The request cannot be completed because you have exceeded your quota ({bucket}). Resets {again}."
        return ApiError(403, "quotaExceeded", message, domain="youtube.quota")

    def _id(self, project: str) -> str:
        return f"{project}:{pacific_day(self._world.clock.now())}"
