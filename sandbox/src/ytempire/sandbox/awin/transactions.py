"""The transactions report."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from ytempire.sandbox.awin import sales
from ytempire.sandbox.awin.errors import AwinError
from ytempire.sandbox.awin.programmes import catalogue
from ytempire.sandbox.google.times import parse
from ytempire.sandbox.world import World

MOST_DAYS = 31
# The zones Awin's documentation lists.
ZONES = (
    "Europe/Berlin", "Europe/Paris", "Europe/London", "Europe/Dublin", "Canada/Eastern", "Canada/Central",
    "Canada/Mountain", "Canada/Pacific", "US/Eastern", "US/Central", "US/Mountain", "US/Pacific", "UTC",
)  # fmt: skip
STATUSES = ("pending", "approved", "declined", "deleted")
WHEN = {"transaction": "at", "validation": "validated_at", "amendment": "at"}
PARAMETERS = frozenset(
    {"startDate", "endDate", "timezone", "dateType", "status", "advertiserId", "showBasketProducts", "accessToken"}
)


def report(world: World, base: str, publisher: int, query: QueryParams) -> list[dict[str, Any]]:
    """The rows asked for; raises 400."""
    if unknown := [name for name in query if name not in PARAMETERS]:
        raise AwinError(400, "bad_request", f"Unknown parameter: {unknown[0]}")
    zone = _zone(query.get("timezone", "UTC"))
    start, end = _moment(query, "startDate", zone), _moment(query, "endDate", zone)
    if end < start or end - start > timedelta(days=MOST_DAYS):
        raise AwinError(400, "bad_request", f"The date range must be between 0 and {MOST_DAYS} days.")
    kind = query.get("dateType", "transaction")
    if kind not in WHEN:
        raise AwinError(400, "bad_request", f"dateType must be one of {', '.join(WHEN)}.")
    status, advertisers = query.get("status"), _advertisers(query.get("advertiserId", ""))
    if status is not None and status not in STATUSES:
        raise AwinError(400, "bad_request", f"status must be one of {', '.join(STATUSES)}.")
    now = world.clock.now()
    return [
        _row(sale, base, zone, now)
        for sale in sales.sales(world)
        if sale["publisher"] == publisher
        and _within(sale, kind, start, end, now)
        and status in (None, sales.status_of(sale, now))
        and (not advertisers or sale["advertiser"] in advertisers)
    ]


def _within(sale: dict[str, Any], kind: str, start: datetime, end: datetime, now: datetime) -> bool:
    moment = parse(sale[WHEN[kind]])
    return start <= moment <= end and moment <= now


def _zone(name: str) -> ZoneInfo:
    if name not in ZONES:
        raise AwinError(400, "bad_request", f"timezone must be one of {', '.join(ZONES)}.")
    return ZoneInfo(name)


def _moment(query: QueryParams, name: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.strptime(query.get(name, ""), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        message = f"{name} is required in the form yyyy-MM-ddThh:mm:ss, without a zone."
        raise AwinError(400, "bad_request", message) from None


def _advertisers(text: str) -> set[int]:
    parts = [part for part in text.split(",") if part]
    if not all(part.isdigit() for part in parts):
        raise AwinError(400, "bad_request", "advertiserId must be a list of whole numbers.")
    return {int(part) for part in parts}


def _money(cents: int) -> dict[str, Any]:
    return {"amount": cents / 100, "currency": "USD"}


def _row(sale: dict[str, Any], base: str, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    def local(text: str) -> str:
        return parse(text).astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")

    status = sales.status_of(sale, now)
    programme = catalogue()[sale["advertiser"]]
    return {
        "id": sale["number"],
        "url": f"{base}/awin/shop/{programme.id}",
        "advertiserId": programme.id,
        "publisherId": sale["publisher"],
        "commissionSharingPublisherId": None,
        "siteName": programme.name,
        "commissionStatus": status,
        "commissionAmount": _money(sale["commission_cents"]),
        "saleAmount": _money(sale["sale_cents"]),
        "campaign": sale["campaign"] or None,
        "clickRefs": {"clickRef": sale["clickref"]},
        "clickDate": local(sale["clicked_at"]),
        "transactionDate": local(sale["at"]),
        "validationDate": None if status == "pending" else local(sale["validated_at"]),
        "type": "Commission group transaction",
        "declineReason": "Return" if status == "declined" else None,
        "voucherCodeUsed": False,
        "lapseTime": int((parse(sale["at"]) - parse(sale["clicked_at"])).total_seconds()),
        "amended": False,
        "clickDevice": "Windows",
        "transactionDevice": "Windows",
        "customerCountry": "US",
        "advertiserCountry": "US",
        "publisherUrl": base + sale["video_url"],
        "orderRef": f"SB-{sale['number']}",
        "transactionParts": [
            {
                "commissionGroupId": programme.id,
                "amount": sale["sale_cents"] / 100,
                "commissionAmount": sale["commission_cents"] / 100,
                "commissionGroupCode": "DEFAULT",
                "commissionGroupName": "Default Commission",
            }
        ],
        "paidToPublisher": False,
        "paymentId": 0,
        "transactionQueryId": 0,
    }
