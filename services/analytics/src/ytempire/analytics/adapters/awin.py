"""Awin's publisher API over httpx; there is no maintained client of it."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import orjson

from ytempire.analytics.domain.affiliate import Programme
from ytempire.analytics.ports import Transaction
from ytempire.chassis.telemetry import span
from ytempire.events import Money
from ytempire.eventstore import PermanentError, TransientError

_TIMEOUT_S = 20
_FORMAT = "%Y-%m-%dT%H:%M:%S"


class Awin:
    """At most 20 calls a minute are allowed; we make two a day and two for each video."""

    name = "awin"

    def __init__(self, url: str, publisher_id: str, token: str, tls: ssl.SSLContext) -> None:
        self._root = f"{url.rstrip('/')}/publishers/{publisher_id}"
        self._client = httpx.AsyncClient(verify=tls, timeout=_TIMEOUT_S, headers={"Authorization": f"Bearer {token}"})

    async def programmes(self) -> Sequence[Programme]:
        rows = await self._get("programmes", {"relationship": "joined"})
        return [
            Programme(
                network=self.name,
                programme_id=str(row["id"]),
                name=row["name"],
                sector=row.get("primarySector", ""),
                description=row.get("description", ""),
                commission_percent=max((float(c["max"]) for c in row.get("commissionRange", [])), default=0.0),
            )
            for row in rows
        ]

    async def link(self, programme_id: str, sub_id: str) -> str:
        body = {"advertiserId": int(programme_id), "parameters": {"clickref": sub_id}}
        answer = await self._send("POST", "linkbuilder/generate", json=body)
        return str(answer["url"])

    async def transactions(self, first: datetime, last: datetime) -> Sequence[Transaction]:
        """What was sold in the time, and what was sold earlier and decided in it."""
        when = {
            "startDate": first.astimezone(UTC).strftime(_FORMAT),
            "endDate": last.astimezone(UTC).strftime(_FORMAT),
            "timezone": "UTC",
        }
        sold = await self._get("transactions/", {**when, "dateType": "transaction"})
        decided = await self._get("transactions/", {**when, "dateType": "validation"})
        rows = {row["id"]: row for row in (*sold, *decided)}
        return [_transaction(row) for row in rows.values()]

    async def _get(self, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        found = await self._send("GET", path, params=query)
        return list(found)

    async def _send(self, method: str, path: str, **request: Any) -> Any:
        with span(f"awin {path}"):
            try:
                answer = await self._client.request(method, f"{self._root}/{path}", **request)
            except httpx.HTTPError as error:
                raise TransientError(f"Awin was not reached: {type(error).__name__}") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise TransientError(f"Awin answered {answer.status_code}")
        if answer.status_code >= 400:
            raise PermanentError(f"Awin refused {path}: {answer.status_code} {answer.text[:200]}")
        return orjson.loads(answer.content)


def _transaction(row: dict[str, Any]) -> Transaction:
    commission = row["commissionAmount"]
    return Transaction(
        network="awin",
        transaction_id=str(row["id"]),
        status=row["commissionStatus"],
        commission=Money.parse(Decimal(str(commission["amount"])), commission["currency"]),
        at=datetime.strptime(row["transactionDate"], _FORMAT).replace(tzinfo=UTC),
        sub_id=(row.get("clickRefs") or {}).get("clickRef", ""),
    )
