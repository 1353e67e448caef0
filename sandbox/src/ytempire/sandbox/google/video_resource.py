"""The ``youtube#video`` resource."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ytempire.sandbox.google import accounts, series, videos
from ytempire.sandbox.google.paging import tagged
from ytempire.sandbox.google.times import exact, parse, stamp
from ytempire.sandbox.world import World

SIZES = {"default": (120, 90), "medium": (320, 180), "high": (480, 360), "standard": (640, 480), "maxres": (1280, 720)}
OWNER_PARTS = frozenset({"fileDetails", "processingDetails", "suggestions"})


def counters(world: World, video: videos.Video, channel: dict[str, Any]) -> series.Figures:
    """Public counters of a video up to this moment."""
    seed = series.seed_of(video, channel)
    if seed is None:
        return series.Figures()
    return series.until_now(seed, parse(video["public_from"]), world.clock.now())


def resource(world: World, base: str, video: videos.Video, parts: list[str], *, owner: bool) -> dict[str, Any]:
    """The parts of a video that were asked for; ``base`` is the sandbox's root as the client sees it."""
    channel = accounts.channel_by_id(world, video["channel_id"]) or {}
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "snippet": lambda: _snippet(base, video, channel),
        "status": lambda: _status(world, video, owner),
        "contentDetails": lambda: _content(world, video, owner),
        "statistics": lambda: _statistics(world, video, channel),
        "processingDetails": lambda: _processing(world, video),
        "paidProductPlacementDetails": lambda: {"hasPaidProductPlacement": video["paid_placement"]},
        "fileDetails": lambda: _file(video),
        "player": lambda: {"embedHtml": f'<iframe src="{base}{page_path(video)}"></iframe>'},
    }
    shown = {part: makers[part]() for part in parts if part in makers and (owner or part not in OWNER_PARTS)}
    return tagged({"kind": "youtube#video", "id": video["id"], **shown})


def page_path(video: videos.Video) -> str:
    """Path of the video's page in the sandbox."""
    return f"/channels/{video['channel_id']}/videos/{video['id']}"


def thumbnails(base: str, video: videos.Video) -> dict[str, Any]:
    """Addresses and sizes of the video's pictures."""
    kept = video["thumbnail"]
    stem = f"{base}{page_path(video)}/thumbnail"
    suffix = f"?v={kept['version']}" if kept else ""
    return {name: {"url": stem + suffix, "width": wide, "height": high} for name, (wide, high) in SIZES.items()}


def iso_duration(milliseconds: int) -> str:
    """``PT1M5S``; parts that are zero are left out, as YouTube does."""
    seconds = milliseconds // 1000
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    text = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if number)
    return f"PT{text}" if text else "P0D"


def _snippet(base: str, video: videos.Video, channel: dict[str, Any]) -> dict[str, Any]:
    published = video["public_from"] or video["uploaded_at"]
    snippet: dict[str, Any] = {
        "publishedAt": stamp(parse(published)),
        "channelId": video["channel_id"],
        "title": video["title"],
        "description": video["description"],
        "thumbnails": thumbnails(base, video),
        "channelTitle": channel.get("title", ""),
        "tags": video["tags"],
        "categoryId": video["category_id"],
        "liveBroadcastContent": "none",
        "localized": {"title": video["title"], "description": video["description"]},
        "defaultLanguage": video["language"],
        "defaultAudioLanguage": video["audio_language"],
    }
    return {name: value for name, value in snippet.items() if value not in (None, [])}


def _status(world: World, video: videos.Video, owner: bool) -> dict[str, Any]:
    state = videos.upload_status(world, video)
    kids = video["made_for_kids"]
    status: dict[str, Any] = {
        "uploadStatus": state,
        "failureReason": video["failure"] if state == "failed" else None,
        "rejectionReason": video["rejection"] if state == "rejected" else None,
        "privacyStatus": video["privacy"],
        "publishAt": stamp(parse(video["publish_at"])) if video["publish_at"] and owner else None,
        "license": video["license"],
        "embeddable": video["embeddable"],
        "publicStatsViewable": video["public_stats"],
        "madeForKids": bool(kids),
        "selfDeclaredMadeForKids": kids if owner else None,
        "containsSyntheticMedia": video["synthetic"],
    }
    return {name: value for name, value in status.items() if value is not None}


def _content(world: World, video: videos.Video, owner: bool) -> dict[str, Any]:
    processed = videos.upload_status(world, video) == "processed"
    content: dict[str, Any] = {
        "duration": iso_duration(video["facts"]["duration_ms"]) if processed else "P0D",
        "dimension": "2d",
        "definition": "hd" if min(video["facts"]["width"], video["facts"]["height"]) >= 720 else "sd",
        "caption": "true" if world.store.list("youtube.caption", video_id=video["id"], draft=False) else "false",
        "licensedContent": False,
        "contentRating": {},
        "projection": "rectangular",
    }
    return content | ({"hasCustomThumbnail": video["thumbnail"] is not None} if owner else {})


def _statistics(world: World, video: videos.Video, channel: dict[str, Any]) -> dict[str, str]:
    figures = counters(world, video, channel) if channel else series.Figures()
    return {
        "viewCount": str(figures.views),
        "likeCount": str(figures.likes),
        "favoriteCount": "0",
        "commentCount": str(figures.comments + len(world.store.list("youtube.comment", video_id=video["id"]))),
    }


def _processing(world: World, video: videos.Video) -> dict[str, Any]:
    state = {"uploaded": "processing", "processed": "succeeded", "failed": "failed", "rejected": "succeeded"}
    status = state[videos.upload_status(world, video)]
    details: dict[str, Any] = {
        "processingStatus": status,
        "fileDetailsAvailability": "available",
        "processingIssuesAvailability": "available",
        "tagSuggestionsAvailability": "inProgress" if status == "processing" else "available",
        "editorSuggestionsAvailability": "inProgress" if status == "processing" else "available",
        "thumbnailsAvailability": "inProgress" if status == "processing" else "available",
    }
    if status == "processing":
        details["processingProgress"] = _progress(world.clock.now(), video)
    if status == "failed":
        details["processingFailureReason"] = "transcodeFailed"
    return details


def _progress(now: datetime, video: videos.Video) -> dict[str, str]:
    start, end = parse(video["uploaded_at"]), parse(video["processed_at"])
    done = max(0.0, min(1.0, (now - start) / (end - start))) if end > start else 1.0
    left = max(0, round((end - now).total_seconds() * 1000))
    return {"partsTotal": "100", "partsProcessed": str(int(done * 100)), "timeLeftMs": str(left)}


def _file(video: videos.Video) -> dict[str, Any]:
    facts = video["facts"]
    streams = [{"widthPixels": facts["width"], "heightPixels": facts["height"]}] if facts["width"] else []
    return {
        "fileSize": str(video["bytes"]),
        "fileType": "video",
        "container": "mov,mp4" if streams else "",
        "durationMs": str(facts["duration_ms"]),
        "videoStreams": streams,
        "creationTime": exact(parse(video["uploaded_at"])),
    }
