"""Custom thumbnails (``thumbnails.set``)."""

from pathlib import Path
from typing import Any

from starlette.datastructures import QueryParams

from ytempire.sandbox.google import videos
from ytempire.sandbox.google.errors import ApiError, not_found
from ytempire.sandbox.google.gate import Caller, Gate
from ytempire.sandbox.google.media_facts import image_size
from ytempire.sandbox.google.paging import tagged
from ytempire.sandbox.google.upload_protocol import Media
from ytempire.sandbox.google.video_resource import thumbnails

LEAST_WIDTH = 640


def _own_video(gate: Gate, caller: Caller, query: QueryParams) -> videos.Video:
    video = videos.find(gate.world, query["videoId"])
    if video is None:
        raise not_found("videoNotFound", "video", "videoId")
    if video["channel_id"] != caller.channel_id:
        raise ApiError(
            403, "forbidden", "The thumbnail can't be set for the specified video.", domain="youtube.thumbnail"
        )
    return video


def check(gate: Gate, caller: Caller, query: QueryParams, body: dict[str, Any]) -> None:
    """Refuse before the picture comes: not the caller's video, or a channel whose phone number is not verified."""
    _own_video(gate, caller, query)
    if not caller.channel["phone_verified"] or gate.world.faults.switched("youtube", "phone_unverified", "POST"):
        message = "The authenticated user doesn't have permissions to upload and set custom video thumbnails."
        raise ApiError(403, "forbidden", message, domain="youtube.thumbnail")


def keep(
    gate: Gate, caller: Caller, query: QueryParams, body: dict[str, Any], media: Media, base: str
) -> dict[str, Any]:
    """Set the picture; raises 400 ``invalidImage`` for what is no picture or too small."""
    video = _own_video(gate, caller, query)
    found = image_size(media.file.read_bytes())
    if found is None or found[1] < LEAST_WIDTH:
        media.file.unlink()
        message = f"The provided image content is invalid: a JPEG, PNG, GIF or BMP at least {LEAST_WIDTH} pixels wide."
        raise ApiError(400, "invalidImage", message, domain="youtube.thumbnail")
    mime, width, height = found
    earlier = video["thumbnail"]
    kept = media.file.rename(videos.media_dir(gate.world) / f"{video['id']}.thumbnail")
    thumbnail = {
        "file": str(kept),
        "mime": mime,
        "width": width,
        "height": height,
        "version": earlier["version"] + 1 if earlier else 1,
    }
    changed = videos.change(gate.world, video, {"thumbnail": thumbnail})
    item = thumbnails(base, changed)
    return tagged({"kind": "youtube#thumbnailSetResponse", "items": [item]})


def picture(video: videos.Video) -> tuple[Path, str] | None:
    """File and media type of the custom thumbnail, or None."""
    kept = video["thumbnail"]
    return (Path(kept["file"]), kept["mime"]) if kept else None
