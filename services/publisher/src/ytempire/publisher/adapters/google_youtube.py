"""YouTube through google-api-python-client, which blocks: every call runs in a thread with a connection of its own."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import google_auth_httplib2
import httplib2
import httpx
from google.auth.exceptions import RefreshError, TransportError
from google.oauth2.credentials import Credentials
from googleapiclient import discovery_cache
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaFileUpload

from ytempire.chassis.telemetry import span
from ytempire.eventstore import TransientError
from ytempire.publisher.adapters.resumable import ResumableUpload
from ytempire.publisher.ports import (
    ChannelFacts,
    ConsentError,
    Grant,
    Published,
    RefusedByYouTubeError,
    SessionKeeper,
    UploadRequest,
)

T = TypeVar("T")
_TIMEOUT_S = 60
_CHUNK = 1024 * 1024
_CATEGORY_EDUCATION = "27"
NEEDED_SCOPES = (
    "https://www.googleapis.com/auth/youtube.upload",
    "https://www.googleapis.com/auth/youtube.force-ssl",
    "https://www.googleapis.com/auth/yt-analytics.readonly",
)


@dataclass(frozen=True)
class GoogleAccess:
    """Addresses and client of the Google project."""

    token_url: str
    youtube_url: str
    client_id: str
    client_secret: str
    ca_bundle: Path | None


class GoogleYouTube:
    """Implements ``ports.YouTube``."""

    def __init__(self, access: GoogleAccess, retries: int = 3) -> None:
        """:param retries: how often a chunk of an upload is sent again before the upload is put off."""
        self._access, self._retries = access, retries
        self._tls = ssl.create_default_context(cafile=access.ca_bundle)

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
            "client_id": self._access.client_id,
            "client_secret": self._access.client_secret,
        }
        with span("google exchange code"):
            try:
                async with httpx.AsyncClient(verify=self._tls, timeout=_TIMEOUT_S) as client:
                    answer = await client.post(self._access.token_url, data=form)
            except httpx.HTTPError as error:
                raise TransientError(f"Google was not reached: {type(error).__name__}") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise TransientError(f"Google answered {answer.status_code}")
        body = answer.json()
        if answer.status_code != 200 or "refresh_token" not in body:
            raise ConsentError(
                "consent_not_accepted",
                "Google did not accept the consent: it was used before or expired. Connect again.",
            )
        granted = tuple(str(body.get("scope", "")).split())
        missing = [s.rsplit("/", 1)[-1] for s in NEEDED_SCOPES if s not in granted]
        if missing:
            raise ConsentError(
                "scopes_missing", f"Google's consent lacks {', '.join(missing)}. Connect again and allow everything."
            )
        return Grant(body["refresh_token"], granted)

    async def channel(self, refresh_token: str) -> ChannelFacts:
        return await self._call("youtube channels.list", lambda: self._channel(refresh_token))

    async def upload(self, refresh_token: str, request: UploadRequest, session: str | None, keep: SessionKeeper) -> str:
        insert = (
            self._youtube(refresh_token)
            .videos()
            .insert(
                part="snippet,status,paidProductPlacementDetails",
                body=_resource(request),
                media_body=MediaFileUpload(
                    str(request.file), mimetype=request.media_type, chunksize=_CHUNK, resumable=True
                ),
            )
        )
        transfer = ResumableUpload(insert)
        if session is None:
            session = await self._call("youtube open upload", transfer.open)
            await keep(session)
        started = session
        found = await self._call("youtube videos.insert", lambda: transfer.send(started, self._retries))
        return str(found["id"])

    async def set_thumbnail(self, refresh_token: str, platform_video_id: str, file: Path) -> None:
        media = MediaFileUpload(str(file), mimetype="image/jpeg")
        youtube = self._youtube(refresh_token)
        await self._call(
            "youtube thumbnails.set",
            lambda: youtube.thumbnails().set(videoId=platform_video_id, media_body=media).execute(),
        )

    async def add_captions(self, refresh_token: str, platform_video_id: str, file: Path, language: str) -> None:
        youtube = self._youtube(refresh_token)

        def add() -> None:
            there = youtube.captions().list(part="snippet", videoId=platform_video_id).execute()
            if any(c["snippet"]["language"] == language for c in there.get("items", [])):
                return
            snippet = {"videoId": platform_video_id, "language": language, "name": "", "isDraft": False}
            media = MediaFileUpload(str(file), mimetype="application/octet-stream")
            youtube.captions().insert(part="snippet", body={"snippet": snippet}, media_body=media).execute()

        await self._call("youtube captions.insert", add)

    async def read_back(self, refresh_token: str, platform_video_id: str) -> Published | None:
        youtube = self._youtube(refresh_token)

        def read() -> Published | None:
            found = (
                youtube.videos()
                .list(part="snippet,status,processingDetails,contentDetails", id=platform_video_id)
                .execute()
            )
            if not found.get("items"):
                return None
            tracks = youtube.captions().list(part="snippet", videoId=platform_video_id).execute()
            return _published(found["items"][0], tracks.get("items", []))

        return await self._call("youtube read back", read)

    def _channel(self, refresh_token: str) -> ChannelFacts:
        found = self._youtube(refresh_token).channels().list(part="snippet,status", mine=True).execute()
        if not found.get("items"):
            raise ConsentError(
                "no_channel", "This Google account has no YouTube channel. Create one and connect again."
            )
        item = found["items"][0]
        # told to the channel's owner alone: whether it is in the Partner Programme and earns from ads
        monetised = bool(item.get("status", {}).get("isChannelMonetizationEnabled", False))
        return ChannelFacts(item["id"], item["snippet"]["title"], monetised)

    def _youtube(self, refresh_token: str) -> Any:
        # the upload address is built from the document's root, so the document is patched, not an option
        document = json.loads(discovery_cache.get_static_doc("youtube", "v3"))
        document["rootUrl"] = document["baseUrl"] = self._access.youtube_url
        document.pop("mtlsRootUrl", None)
        http = httplib2.Http(
            timeout=_TIMEOUT_S, ca_certs=str(self._access.ca_bundle) if self._access.ca_bundle else None
        )
        # 308 is "go on" of a resumable upload, not a redirect
        http.redirect_codes = http.redirect_codes - {308}
        credentials = Credentials(
            None,
            refresh_token=refresh_token,
            token_uri=self._access.token_url,
            client_id=self._access.client_id,
            client_secret=self._access.client_secret,
        )
        return build_from_document(document, http=google_auth_httplib2.AuthorizedHttp(credentials, http=http))

    async def _call(self, name: str, request: Callable[[], T]) -> T:
        with span(name):
            try:
                return await asyncio.to_thread(request)
            except HttpError as error:
                raise _translated(error) from error
            except RefreshError as error:
                raise RefusedByYouTubeError(
                    "connection_lost", "YouTube no longer accepts this connection. Connect the channel again."
                ) from error
            except (TransportError, httplib2.HttpLib2Error, OSError) as error:
                raise TransientError(f"YouTube was not reached: {type(error).__name__}") from error


def _translated(error: HttpError) -> Exception:
    reason = "unknown"
    details = error.error_details
    if isinstance(details, list) and details:
        reason = str(details[0].get("reason", reason))
    if (
        error.status_code == 429
        or error.status_code >= 500
        or reason in {"rateLimitExceeded", "userRateLimitExceeded", "backendError"}
    ):
        return TransientError(f"YouTube answered {error.status_code} {reason}")
    return RefusedByYouTubeError(reason, f"YouTube refused: {error.reason}")


def _resource(request: UploadRequest) -> dict[str, Any]:
    return {
        "snippet": {
            "title": request.metadata.title,
            "description": request.metadata.description,
            "tags": list(request.metadata.tags),
            "categoryId": _CATEGORY_EDUCATION,
            "defaultLanguage": "en",
            "defaultAudioLanguage": "en",
        },
        "status": {
            "privacyStatus": request.privacy,
            "selfDeclaredMadeForKids": False,
            "containsSyntheticMedia": request.synthetic,
            "embeddable": True,
        },
        "paidProductPlacementDetails": {"hasPaidProductPlacement": request.paid_placement},
    }


def _published(item: dict[str, Any], tracks: list[dict[str, Any]]) -> Published:
    status = item["status"]
    upload = status.get("uploadStatus", "")
    failure = status.get("failureReason") or status.get("rejectionReason")
    return Published(
        platform_video_id=item["id"],
        processed=upload in {"processed", "failed", "rejected"},
        failure=failure if upload in {"failed", "rejected"} else None,
        title=item["snippet"]["title"],
        description=item["snippet"].get("description", ""),
        privacy=status.get("privacyStatus", ""),
        synthetic=bool(status.get("containsSyntheticMedia", False)),
        made_for_kids=bool(status.get("madeForKids", False)),
        caption_languages=tuple(t["snippet"]["language"] for t in tracks),
        custom_thumbnail=bool(item.get("contentDetails", {}).get("hasCustomThumbnail", False)),
    )
