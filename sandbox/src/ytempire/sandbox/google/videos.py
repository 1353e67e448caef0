"""Uploaded videos: creation, life cycle, change, and the resource that the API shows."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ytempire.sandbox.google import draw, metadata, series
from ytempire.sandbox.google.errors import ApiError
from ytempire.sandbox.google.links import track_links
from ytempire.sandbox.google.media_facts import video_facts
from ytempire.sandbox.google.settings import GoogleSettings
from ytempire.sandbox.google.times import exact, parse
from ytempire.sandbox.world import World

VIDEOS = "youtube.video"
MUTABLE = ("snippet", "status", "paidProductPlacementDetails")

Video = dict[str, Any]


def sweep(world: World) -> None:
    """Delete files that nothing refers to: after a reset of the world, or a crash in the middle of an upload."""
    kept = {video["file"] for video in world.store.list(VIDEOS)}
    kept |= {video["thumbnail"]["file"] for video in world.store.list(VIDEOS) if video["thumbnail"]}
    kept |= {row["file"] for kind in ("youtube.caption", "youtube.upload") for row in world.store.list(kind)}
    for path in media_dir(world).iterdir():
        if str(path) not in kept:
            path.unlink()


def media_dir(world: World) -> Path:
    """Folder of uploaded files."""
    folder = world.settings.state_dir / "youtube"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read_metadata(body: dict[str, Any], parts: list[str], now: datetime, *, update: bool = False) -> dict[str, Any]:
    """Mutable properties of the parts that the request names; other parts of the body are ignored, as YouTube does."""
    found: dict[str, Any] = {}
    if "snippet" in parts or not update:
        found |= metadata.read_snippet(body.get("snippet", {}) if "snippet" in parts else {}, update=update)
    if "status" in parts or not update:
        found |= metadata.read_status(body.get("status", {}) if "status" in parts else {}, now)
    if "paidProductPlacementDetails" in parts or not update:
        named = "paidProductPlacementDetails" in parts
        found |= metadata.read_placement(body.get("paidProductPlacementDetails", {}) if named else {})
    return found


def create(
    world: World, settings: GoogleSettings, channel: dict[str, Any], fields: dict[str, Any], file: Path, mime: str
) -> Video:
    """A video of a completely uploaded file; processing ends some virtual seconds later."""
    now = world.clock.now()
    ordinal = len(world.store.list(VIDEOS, channel_id=channel["id"]))
    id = draw.identifier(11, "video", channel["id"], ordinal)
    facts = video_facts(file)
    kept = file.rename(media_dir(world) / f"{id}{file.suffix}")
    rejected = world.faults.switched("youtube", "rejected", "POST")
    failed = world.faults.switched("youtube", "processing_failed", "POST")
    video = {
        "id": id,
        "channel_id": channel["id"],
        "account": channel["account"],
        "ordinal": ordinal,
        **fields,
        "uploaded_at": exact(now),
        "processed_at": exact(now + timedelta(seconds=settings.processing_seconds)),
        "file": str(kept),
        "mime": mime,
        "bytes": kept.stat().st_size,
        "facts": facts.as_dict(),
        "failure": facts.problem or ((failed.body or {}).get("reason", "conversion") if failed else None),
        "rejection": (rejected.body or {}).get("reason", "duplicate") if rejected else None,
        "locked_private": world.faults.switched("youtube", "locked_private", "POST") is not None,
        "thumbnail": None,
        # Kept from the upload: a later change of the texts must not change what earlier days earned.
        "rpm_micros": series.rpm_micros(
            series.curve_key(channel, ordinal), " ".join([fields["title"], *fields["tags"], fields["description"]])
        ),
        "links": track_links(fields["description"], {}, exact(now)),
        "public_from": None,
        "public_until": None,
        "deleted": False,
    }
    return _keep(world, video, now)


def change(world: World, video: Video, fields: dict[str, Any]) -> Video:
    """Replace mutable properties."""
    now = world.clock.now()
    changed = {**video, **fields}
    changed["links"] = track_links(changed["description"], video["links"], exact(now))
    return _keep(world, changed, now)


def remove(world: World, video: Video) -> None:
    """Delete the video and its file; its past days stay in the channel's figures."""
    now = world.clock.now()
    Path(video["file"]).unlink(missing_ok=True)
    gone = {**video, "deleted": True, "public_until": exact(now) if video["public_from"] else None}
    world.store.put(VIDEOS, video["id"], gone)


def find(world: World, id: str) -> Video | None:
    """A video as it is now, or None if there is none or it was deleted."""
    video = world.store.get(VIDEOS, id)
    return _due(world, video) if video and not video["deleted"] else None


def of_channel(world: World, channel_id: str, *, deleted: bool = False) -> list[Video]:
    """A channel's videos as they are now, newest first; with the deleted ones if wanted."""
    found = world.store.list(VIDEOS, channel_id=channel_id)
    return [_due(world, video) for video in reversed(found) if deleted or not video["deleted"]]


def every(world: World) -> list[Video]:
    """All videos of all channels as they are now."""
    return [_due(world, video) for video in world.store.list(VIDEOS) if not video["deleted"]]


def upload_status(world: World, video: Video) -> str:
    """``uploaded`` while processing goes on, then ``processed``, ``failed`` or ``rejected``."""
    if world.clock.now() < parse(video["processed_at"]):
        return "uploaded"
    if video["failure"]:
        return "failed"
    return "rejected" if video["rejection"] else "processed"


def is_public(world: World, video: Video) -> bool:
    """Whether everybody can watch it."""
    return video["privacy"] == "public" and upload_status(world, video) == "processed"


def check_upload_limit(world: World, settings: GoogleSettings, channel_id: str) -> None:
    """Raise 400 ``uploadLimitExceeded`` when the channel uploaded too much within 24 hours."""
    since = world.clock.now() - timedelta(hours=24)
    recent = [v for v in world.store.list(VIDEOS, channel_id=channel_id) if parse(v["uploaded_at"]) > since]
    switched = world.faults.switched("youtube", "upload_limit", "POST")
    if len(recent) >= settings.channel_uploads_per_day or switched:
        message = "The user has exceeded the number of videos they may upload."
        raise ApiError(400, "uploadLimitExceeded", message, domain="youtube.video")


def _due(world: World, video: Video) -> Video:
    """Publish what was scheduled for a moment that has passed."""
    if video["publish_at"] and parse(video["publish_at"]) <= world.clock.now():
        planned = parse(video["publish_at"])
        return _keep(world, {**video, "privacy": "public", "publish_at": None}, planned)
    return video


def _keep(world: World, video: Video, moment: datetime) -> Video:
    if video["locked_private"]:
        video = {**video, "privacy": "private", "publish_at": None}
    usable = not video["failure"] and not video["rejection"]
    if video["privacy"] == "public" and usable:
        first = max(moment, parse(video["processed_at"]))
        video = {**video, "public_from": video["public_from"] or exact(first), "public_until": None}
    elif video["public_from"] and not video["public_until"]:
        video = {**video, "public_until": exact(moment)}
    world.store.put(VIDEOS, video["id"], video)
    return video
