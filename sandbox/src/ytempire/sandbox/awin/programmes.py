"""The catalogue of advertisers, as the API shows it."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

RELATIONSHIPS = ("joined", "pending", "suspended", "rejected", "notjoined")


@dataclass(frozen=True)
class Programme:
    """One advertiser; commission in hundredths of a per cent, average basket in cents."""

    id: int
    name: str
    sector: str
    commission_bp: int
    basket_cents: int
    description: str
    niches: tuple[str, ...]
    relationship: str


@cache
def catalogue() -> dict[int, Programme]:
    """All advertisers by id."""
    text = (files("ytempire.sandbox.awin") / "data" / "programmes.json").read_text(encoding="utf-8")
    rows = (Programme(**{**row, "niches": tuple(row["niches"])}) for row in json.loads(text))
    return {programme.id: programme for programme in rows}


def shop_url(base: str, programme: Programme) -> str:
    """The advertiser's shop, which is a page of the sandbox."""
    return f"{base}/awin/shop/{programme.id}"


def resource(base: str, publisher: int, programme: Programme) -> dict[str, Any]:
    """A programme in the API's form."""
    shop = shop_url(base, programme)
    return {
        "id": programme.id,
        "name": programme.name,
        "displayUrl": shop,
        "clickThroughUrl": f"{base}/awin/cread?awinmid={programme.id}&awinaffid={publisher}",
        "logoUrl": f"{shop}/logo",
        "description": programme.description,
        "currencyCode": "USD",
        "primaryRegion": {"name": "United States", "countryCode": "US"},
        "primarySector": programme.sector,
        "status": "Active",
        "validDomains": [{"domain": urlsplit(base).netloc}],
        "commissionRange": [
            {"min": programme.commission_bp / 100, "max": programme.commission_bp / 100, "type": "percentage"}
        ],
    }
