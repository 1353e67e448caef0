"""Channel pages: what a viewer would see, and the flags only YouTube and the owner know."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from ytempire.sandbox.google import accounts, captions, channel_api, comment_api, thumbnails, videos
from ytempire.sandbox.google.render import page
from ytempire.sandbox.google.video_resource import counters, page_path
from ytempire.sandbox.world import World

PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}">
<rect width="100%" height="100%" fill="hsl({hue} 32% 30%)"/>
<text x="50%" y="50%" fill="#fff" font-family="system-ui, sans-serif" font-size="{size}" text-anchor="middle"
dominant-baseline="central">{text}</text></svg>"""


def _drawn(width: int, height: int, seed: str, text: str) -> Response:
    """A plain picture for what has none of its own."""
    hue = sum(seed.encode()) % 360
    svg = PICTURE.format(w=width, h=height, hue=hue, size=height // 4, text=text)
    return Response(svg, media_type="image/svg+xml")


def _missing(what: str) -> HTMLResponse:
    return page("no_page.html", 404, what=what)


def _card(world: World, video: videos.Video, channel: dict[str, Any]) -> dict[str, Any]:
    """What the pages show of a video."""
    figures = counters(world, video, channel)
    return {
        **video,
        "path": page_path(video),
        "state": videos.upload_status(world, video),
        "clock": _clock(video["facts"]["duration_ms"]),
        "views": figures.views,
        "likes": figures.likes,
        "tracks": captions.tracks(world, video["id"]),
        "comments": world.store.list(comment_api.KIND, video_id=video["id"]),
    }


def _clock(milliseconds: int) -> str:
    """``1:05`` or ``1:02:03``."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _channel(world: World, channel: dict[str, Any]) -> dict[str, Any]:
    figures = channel_api.totals(world, channel)
    own = videos.of_channel(world, channel["id"])
    return {
        **channel,
        "subscribers": channel_api.subscribers(world, channel, figures),
        "views": channel["base_views"] + figures.views,
        "watch_hours": channel_api.watch_hours(channel, figures),
        "videos": [_card(world, video, channel) for video in own],
    }


def _find(world: World, channel_id: str, video_id: str) -> tuple[dict[str, Any], videos.Video] | None:
    channel, video = accounts.channel_by_id(world, channel_id), videos.find(world, video_id)
    if channel is None or video is None or video["channel_id"] != channel_id:
        return None
    return channel, video


def router(world: World) -> APIRouter:
    """Routes below ``/channels``."""
    routes = APIRouter(include_in_schema=False)
    _pages(routes, world)
    _media(routes, world)
    return routes


def _pages(routes: APIRouter, world: World) -> None:
    @routes.get("/channels")
    async def channels(request: Request) -> Response:
        return page("channels.html", channels=[_channel(world, channel) for channel in accounts.channels(world)])

    @routes.get("/channels/{channel_id}")
    async def channel(channel_id: str) -> Response:
        found = accounts.channel_by_id(world, channel_id)
        return page("channel.html", channel=_channel(world, found)) if found else _missing("channel")

    @routes.get("/channels/{channel_id}/videos/{video_id}")
    async def video(channel_id: str, video_id: str) -> Response:
        found = _find(world, channel_id, video_id)
        if found is None:
            return _missing("video")
        owner, shown = found
        return page("video.html", channel=owner, video=_card(world, shown, owner))


def _media(routes: APIRouter, world: World) -> None:
    @routes.get("/channels/{channel_id}/picture")
    async def picture(channel_id: str) -> Response:
        found = accounts.channel_by_id(world, channel_id)
        return _drawn(88, 88, channel_id, found["title"][:1].upper()) if found else _missing("channel")

    @routes.get("/channels/{channel_id}/videos/{video_id}/file")
    async def file(channel_id: str, video_id: str) -> Response:
        found = _find(world, channel_id, video_id)
        return _play(found[1]) if found else _missing("video")

    @routes.get("/channels/{channel_id}/videos/{video_id}/thumbnail")
    async def thumbnail(channel_id: str, video_id: str) -> Response:
        found = _find(world, channel_id, video_id)
        if found is None:
            return _missing("video")
        kept = thumbnails.picture(found[1])
        return FileResponse(kept[0], media_type=kept[1]) if kept else _drawn(1280, 720, video_id, "")

    @routes.get("/channels/{channel_id}/videos/{video_id}/captions/{caption_id}")
    async def caption(channel_id: str, video_id: str, caption_id: str) -> Response:
        found = _find(world, channel_id, video_id)
        tracks = captions.tracks(world, video_id) if found else []
        chosen = [track for track in tracks if track["id"] == caption_id]
        if not chosen:
            return _missing("caption track")
        return PlainTextResponse(captions.text_of(chosen[0], "vtt"), media_type="text/vtt")


def _play(video: videos.Video) -> Response:
    """The uploaded file; a client may ask for ranges of it."""
    if not Path(video["file"]).exists():
        return _missing("video")
    return FileResponse(video["file"], media_type=_playable(video["mime"]))


def _playable(mime: str) -> str:
    return mime if mime.startswith("video/") and mime != "video/*" else "video/mp4"
