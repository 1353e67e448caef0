"""Sales: what viewers of public videos bought through the links in their descriptions.

For each public video and each tracking link with a ``clickref`` in its description, one purchase happens 5 to 9 days
after both were public, is pending at first, and is approved 6 to 11 days later. Amounts and days are drawn from the
advertiser and the video's place in its channel, so every run of a world agrees.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ytempire.sandbox.awin import links
from ytempire.sandbox.awin.programmes import Programme, catalogue
from ytempire.sandbox.google import accounts, draw, series, videos
from ytempire.sandbox.google.times import exact, parse
from ytempire.sandbox.world import World

KIND = "awin.sale"


def sales(world: World) -> list[dict[str, Any]]:
    """Everything bought until now, oldest first."""
    for id, video, url, query in _found(world):
        if world.store.get(KIND, id) is None:
            world.store.put(KIND, id, _plan(world, id, video, url, query))
    now = world.clock.now()
    bought = [sale for sale in world.store.list(KIND) if parse(sale["at"]) <= now]
    return sorted(bought, key=lambda sale: (sale["at"], sale["id"]))


def status_of(sale: dict[str, Any], now: datetime) -> str:
    """``pending``, then ``approved`` or ``declined``."""
    if now < parse(sale["validated_at"]):
        return "pending"
    return "declined" if sale["declined"] else "approved"


def _found(world: World) -> Iterator[tuple[str, videos.Video, str, dict[str, str]]]:
    """Each clickref of each public video, once."""
    for video in videos.every(world):
        if not videos.is_public(world, video):
            continue
        for url in video["links"]:
            query = links.read(world, url)
            if query and query.get("clickref"):
                yield f"{video['id']}/{query['awinmid']}/{query['clickref']}", video, url, query


def _plan(world: World, id: str, video: videos.Video, url: str, query: dict[str, str]) -> dict[str, Any]:
    programme = catalogue()[int(query["awinmid"])]
    channel = accounts.channel_by_id(world, video["channel_id"]) or {}
    key = f"{series.curve_key(channel, video['ordinal'])}/{programme.id}"
    visible = max(parse(video["public_from"]), parse(video["links"][url]))
    at = visible + timedelta(seconds=round(draw.between(5 * 86400, 9 * 86400, key, "bought")))
    validated = at + timedelta(seconds=round(draw.between(6 * 86400, 11 * 86400, key, "validated")))
    declined = world.faults.switched("awin", "declined")
    return {
        "id": id,
        "number": 1_000_000_000 + int.from_bytes(draw.digest("sale", id)[:4], "big"),
        "video_id": video["id"],
        "video_url": f"/channels/{video['channel_id']}/videos/{video['id']}",
        "clickref": query["clickref"],
        "campaign": query.get("campaign", ""),
        "advertiser": programme.id,
        "publisher": int(query["awinaffid"]) if query.get("awinaffid", "").isdigit() else 0,
        "at": exact(at),
        "clicked_at": exact(at - timedelta(minutes=round(draw.between(4, 180, key, "click")))),
        "validated_at": exact(validated),
        "declined": declined is not None,
        **_amounts(programme, key),
    }


def _amounts(programme: Programme, key: str) -> dict[str, int]:
    """Sale and commission in cents, the commission rounded half up."""
    sale = round(programme.basket_cents * draw.between(0.7, 1.5, key, "basket"))
    return {"sale_cents": sale, "commission_cents": (sale * programme.commission_bp + 5000) // 10_000}
