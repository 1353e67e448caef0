"""The files of a finished video, with ranges, by access token or by a link that is good for this video alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ytempire.chassis import AssetError
from ytempire.events.values import AssetRef
from ytempire.gateway.adapters.tokens import TokenError
from ytempire.gateway.http.answers import API, PROBLEMS
from ytempire.gateway.http.identity import AccountHeader, EdgeNow, acting_for, bearer, need
from ytempire.gateway.http.videos import video_row
from ytempire.gateway.membership import role_of
from ytempire.gateway.problems import Problem
from ytempire.gateway.reading import TenantReads
from ytempire.gateway.roles import Permission

router = APIRouter(prefix=API, tags=["videos"], responses=PROBLEMS)

_optional_bearer = HTTPBearer(auto_error=False, scheme_name="HTTPBearer")


@dataclass(frozen=True, slots=True)
class Viewing:
    """Dependency: whoever may see the video, by header or by the link's token."""

    permission: Permission

    async def __call__(
        self,
        video_id: str,
        request: Request,
        edge: EdgeNow,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_optional_bearer)],
        token: Annotated[str | None, Query(description="From the video's `links`, for players without headers")] = None,
        account: AccountHeader = None,
    ) -> TenantReads:
        if credentials is not None or token is None:
            acting = await acting_for(edge, await bearer(request, credentials), account)
            acting.need(self.permission)
            return acting.reads(edge)
        try:
            link = edge.tokens.read_media(token, video_id)
        except TokenError as error:
            raise Problem(401, error.code, str(error), field="token") from error
        # a link lives longer than a membership may
        need(await role_of(edge.models, link.person, link.account), self.permission)
        return TenantReads(edge.models, link.account)


Viewer = Annotated[TenantReads, Depends(Viewing(Permission.SEE_WORK))]
_FILES = {"file": ("video", "mp4"), "thumbnail": ("thumbnail", "png"), "captions": ("captions", "vtt")}


async def _file(kind: str, video_id: str, edge: EdgeNow, reads: TenantReads) -> Response:
    row = await video_row(reads, video_id)
    if row["rendered"] is None:
        raise Problem(409, "not_rendered", "The video is not finished yet, so it has no files. Try again when it is.")
    part, ending = _FILES[kind]
    ref = AssetRef.model_validate(row["rendered"][part])
    try:
        path = edge.assets.path(ref)
    except AssetError as error:
        raise Problem(410, "file_gone", "The file is no longer in the asset store. Make the video again.") from error
    suffix = path.suffix.lstrip(".") or ending
    return FileResponse(
        path,
        media_type=ref.media_type,
        filename=f"{video_id}.{suffix}",
        content_disposition_type="inline",
        headers={"Cache-Control": "private, max-age=3600", "ETag": f'"{ref.sha256}"'},
    )


@router.get("/videos/{video_id}/file", response_class=FileResponse, summary="The video (MP4), with byte ranges")
async def file(video_id: str, edge: EdgeNow, reads: Viewer) -> Response:
    return await _file("file", video_id, edge, reads)


@router.get("/videos/{video_id}/thumbnail", response_class=FileResponse, summary="The thumbnail")
async def thumbnail(video_id: str, edge: EdgeNow, reads: Viewer) -> Response:
    return await _file("thumbnail", video_id, edge, reads)


@router.get("/videos/{video_id}/captions", response_class=FileResponse, summary="The caption track")
async def captions(video_id: str, edge: EdgeNow, reads: Viewer) -> Response:
    return await _file("captions", video_id, edge, reads)
