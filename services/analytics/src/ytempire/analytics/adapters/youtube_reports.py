"""YouTube Analytics v2 through google-api-python-client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import google_auth_httplib2
import httplib2
from google.auth.exceptions import RefreshError, TransportError
from google.oauth2.credentials import Credentials
from googleapiclient import discovery_cache
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from ytempire.analytics.domain.collection import Figures
from ytempire.analytics.ports import ConnectionLostError
from ytempire.chassis.telemetry import span
from ytempire.eventstore import TransientError

_TIMEOUT_S = 30
_COUNTS = "views,engagedViews,estimatedMinutesWatched,likes,comments"
_MICROS = 1_000_000


@dataclass(frozen=True)
class ReportAccess:
    """Addresses and client of the Google project."""

    token_url: str
    analytics_url: str
    client_id: str
    client_secret: str
    ca_bundle: Path | None


class YouTubeReports:
    """Implements ``ports.Reports``."""

    def __init__(self, access: ReportAccess) -> None:
        self._access = access

    async def figures(
        self, refresh_token: str, platform_video_id: str, first: date, last: date, *, monetary: bool
    ) -> Sequence[Figures]:
        with span("youtube reports.query"):
            try:
                return await asyncio.to_thread(self._query, refresh_token, platform_video_id, first, last, monetary)
            except HttpError as error:
                if monetary and error.status_code == 403:
                    # out of the Partner Programme, or consent without the figures of money: the counts remain
                    return await self.figures(refresh_token, platform_video_id, first, last, monetary=False)
                raise TransientError(f"YouTube Analytics answered {error.status_code}: {error.reason}") from error
            except RefreshError as error:
                raise ConnectionLostError from error
            except (TransportError, httplib2.HttpLib2Error, OSError) as error:
                raise TransientError(f"YouTube Analytics was not reached: {type(error).__name__}") from error

    def _query(
        self, refresh_token: str, platform_video_id: str, first: date, last: date, monetary: bool
    ) -> Sequence[Figures]:
        answer = (
            self._service(refresh_token)
            .reports()
            .query(
                ids="channel==MINE",
                startDate=first.isoformat(),
                endDate=last.isoformat(),
                metrics=f"{_COUNTS},estimatedRevenue" if monetary else _COUNTS,
                dimensions="day",
                filters=f"video=={platform_video_id}",
                **({"currency": "USD"} if monetary else {}),
            )
            .execute()
        )
        names = [column["name"] for column in answer["columnHeaders"]]
        # rows are left out, not empty, where there is nothing to tell
        return [_figures(dict(zip(names, row, strict=True))) for row in answer.get("rows", [])]

    def _service(self, refresh_token: str) -> Any:
        document = json.loads(discovery_cache.get_static_doc("youtubeAnalytics", "v2"))
        document["rootUrl"] = document["baseUrl"] = self._access.analytics_url
        document.pop("mtlsRootUrl", None)
        http = httplib2.Http(
            timeout=_TIMEOUT_S, ca_certs=str(self._access.ca_bundle) if self._access.ca_bundle else None
        )
        credentials = Credentials(
            None,
            refresh_token=refresh_token,
            token_uri=self._access.token_url,
            client_id=self._access.client_id,
            client_secret=self._access.client_secret,
        )
        return build_from_document(document, http=google_auth_httplib2.AuthorizedHttp(credentials, http=http))


def _figures(row: dict[str, Any]) -> Figures:
    return Figures(
        day=date.fromisoformat(row["day"]),
        views=int(row["views"]),
        engaged_views=int(row["engagedViews"]),
        watch_minutes=int(row["estimatedMinutesWatched"]),
        likes=int(row["likes"]),
        comments=int(row["comments"]),
        revenue_micros=_micros(row["estimatedRevenue"]) if row.get("estimatedRevenue") is not None else None,
    )


def _micros(amount: float) -> int:
    """Micro-dollars of a JSON number; its shortest text is what YouTube wrote."""
    return int((Decimal(str(amount)) * _MICROS).to_integral_value(ROUND_HALF_EVEN))
