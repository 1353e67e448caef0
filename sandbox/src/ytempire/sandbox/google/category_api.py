"""``videoCategories.list``: the categories a video may have."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ytempire.sandbox.google import discovery
from ytempire.sandbox.google.errors import GoogleRoute, bad_parameter
from ytempire.sandbox.google.gate import Gate
from ytempire.sandbox.google.metadata import CATEGORIES
from ytempire.sandbox.google.paging import tagged

V3 = "/youtube/youtube/v3"


def router(gate: Gate) -> APIRouter:
    """The route of categories."""
    routes = APIRouter(route_class=GoogleRoute, tags=["youtube categories"])

    @routes.get(V3 + "/videoCategories")
    async def list_categories(request: Request) -> Response:
        gate.admit(request, "videoCategories.list")
        query = request.query_params
        discovery.parts_of(discovery.youtube_method("videoCategories.list"), query)
        if bool(query.get("id")) == bool(query.get("regionCode")):
            raise bad_parameter("regionCode", "Give either id or regionCode.", "missingRequiredParameter")
        wanted = {id for text in query.getlist("id") for id in text.split(",") if id} or set(CATEGORIES)
        items = [
            tagged({"kind": "youtube#videoCategory", "id": id, "snippet": {"title": title, "assignable": True}})
            for id, title in CATEGORIES.items()
            if id in wanted
        ]
        return JSONResponse(tagged({"kind": "youtube#videoCategoryListResponse", "items": items}))

    return routes
