"""Tracking links: made, read, shortened, clicked."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from ytempire.sandbox.awin.errors import AwinError
from ytempire.sandbox.awin.programmes import Programme, catalogue, shop_url
from ytempire.sandbox.google import draw
from ytempire.sandbox.google.times import exact
from ytempire.sandbox.world import World

SHORT, CLICKS = "awin.short", "awin.click"
PARAMETERS = ("campaign", "clickref", "clickref2", "clickref3", "clickref4", "clickref5", "clickref6")
MOST_PARAMETER = 100


def programme_for(advertiser: object) -> Programme:
    """A joined programme; raises 400 or 403."""
    if not isinstance(advertiser, int) or isinstance(advertiser, bool):
        raise AwinError(400, "bad_request", "advertiserId is required and must be a whole number.")
    programme = catalogue().get(advertiser)
    if programme is None:
        raise AwinError(400, "bad_request", f"There is no advertiser {advertiser}.")
    if programme.relationship != "joined":
        raise AwinError(403, "forbidden", f"You have not joined the programme of advertiser {advertiser}.")
    return programme


def generate(world: World, base: str, publisher: int, body: dict[str, Any]) -> dict[str, str]:
    """A tracking link for a request of the link builder; raises 400."""
    programme = programme_for(body.get("advertiserId"))
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise AwinError(400, "bad_request", "parameters must be an object.")
    for name, value in parameters.items():
        if name not in PARAMETERS or not isinstance(value, str) or len(value) > MOST_PARAMETER:
            raise AwinError(400, "bad_request", f"parameters.{name} is unknown or no text of at most 100 characters.")
    destination = str(body.get("destinationUrl") or shop_url(base, programme))
    if urlsplit(destination).netloc != urlsplit(base).netloc:
        raise AwinError(400, "bad_request", f"destinationUrl is not on a valid domain of {programme.name}.")
    query = {"awinmid": programme.id, "awinaffid": publisher, **parameters, "ued": destination}
    answer = {"url": f"{base}/awin/cread?{urlencode(query)}"}
    if body.get("shorten"):
        code = draw.identifier(8, "short", answer["url"])
        world.store.put(SHORT, code, {"id": code, "url": answer["url"]})
        answer["shortUrl"] = f"{base}/awin/s/{code}"
    return answer


def read(world: World, url: str) -> dict[str, str] | None:
    """The parameters of a tracking link (or of its short form); None if it is none."""
    parts = urlsplit(url)
    if parts.path.startswith("/awin/s/"):
        kept = world.store.get(SHORT, parts.path.removeprefix("/awin/s/"))
        parts = urlsplit(kept["url"]) if kept else parts
    if parts.path not in ("/awin/cread", "/awin/cread.php"):
        return None
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    known = query.get("awinmid", "").isdigit() and int(query["awinmid"]) in catalogue()
    return query if known else None


def click(world: World, query: dict[str, str], base: str) -> str:
    """Record a click and return where it leads, with the click's checksum as ``awc``."""
    programme = catalogue()[int(query["awinmid"])]
    id, now = world.store.next_id("click-"), world.clock.now()
    world.store.put(
        CLICKS,
        id,
        {
            "id": id,
            "advertiser": programme.id,
            "publisher": query.get("awinaffid", ""),
            "clickref": query.get("clickref", ""),
            "at": exact(now),
        },
    )
    target = query.get("ued", "")
    # Only the sandbox's own shops are led to: it must not become an open redirect.
    if urlsplit(target).netloc != urlsplit(base).netloc:
        target = shop_url(base, programme)
    parts = urlsplit(target)
    checksum = f"{programme.id}_{int(now.timestamp())}_{draw.identifier(32, 'awc', id)}"
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, urlencode({"awc": checksum})]))))
