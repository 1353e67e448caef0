"""Billing periods, and what a change in the middle of one is worth."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Doc = dict[str, Any]


def add_interval(moment: int, interval: str, count: int) -> int:
    """Unix time ``count`` intervals later; the day of the month is kept where that month has it."""
    start = datetime.fromtimestamp(moment, UTC)
    if interval in ("day", "week"):
        return moment + int(timedelta(days=count * (7 if interval == "week" else 1)).total_seconds())
    months = start.month - 1 + count * (12 if interval == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def period_end(anchor: int, start: int, recurring: Doc) -> int:
    """End of the period that begins at ``start``, counted from the billing cycle's anchor."""
    interval, step = recurring["interval"], recurring["interval_count"]
    count = step
    while (end := add_interval(anchor, interval, count)) <= start:
        count += step
    return end


def share(amount: int, start: int, end: int, moment: int) -> int:
    """The part of an amount for the rest of a period after ``moment``, by the second, rounded half up."""
    if moment <= start:
        return amount
    if moment >= end:
        return 0
    length, rest = end - start, end - moment
    return (2 * amount * rest + length) // (2 * length)


@dataclass(frozen=True)
class Line:
    """One line of an invoice to be."""

    amount: int
    description: str
    price: Doc
    quantity: int
    start: int
    end: int
    subscription: str
    item: str
    proration: bool = False
    invoice_item: str | None = None
    discountable: bool = True
    """Whether the subscription's discounts are still to come off."""


def amount_of(item: Doc) -> int:
    """What an item costs for a whole period, minor units."""
    return int(item["price"]["unit_amount"]) * int(item["quantity"])


def cycle_lines(subscription: Doc, *, trial: bool = False) -> list[Line]:
    """The lines of a whole period of all items; free during a trial."""
    lines = []
    for item in subscription["items"]["data"]:
        recurring = item["price"]["recurring"]
        text = f"{item['quantity']} x {item['price']['product']} (per {recurring['interval']})"
        lines.append(
            Line(
                0 if trial else amount_of(item),
                f"Trial period for {item['price']['product']}" if trial else text,
                item["price"],
                item["quantity"],
                item["current_period_start"],
                item["current_period_end"],
                subscription["id"],
                item["id"],
            )
        )
    return lines


def proration_lines(subscription: Doc, old: list[Doc], new: list[Doc], moment: int) -> list[Line]:
    """Credit for what is given up and charge for what is taken instead, for the rest of the period."""
    before = {item["id"]: item for item in old}
    after = {item["id"]: item for item in new}
    lines: list[Line] = []
    for id in [*before, *(id for id in after if id not in before)]:
        was, now = before.get(id), after.get(id)
        if was and now and was["price"]["id"] == now["price"]["id"] and was["quantity"] == now["quantity"]:
            continue
        if was:
            lines.append(_line(subscription, was, moment, -1, "Unused time on"))
        if now and (was is None or same_interval(was, now)):
            lines.append(_line(subscription, now, moment, 1, "Remaining time on"))
    return lines


def same_interval(was: Doc, now: Doc) -> bool:
    """Whether two items are billed in the same rhythm."""
    a, b = was["price"]["recurring"], now["price"]["recurring"]
    return bool((a["interval"], a["interval_count"]) == (b["interval"], b["interval_count"]))


def _line(subscription: Doc, item: Doc, moment: int, sign: int, text: str) -> Line:
    start, end = item["current_period_start"], item["current_period_end"]
    amount = sign * share(amount_of(item), start, end, moment)
    product = item["price"]["product"]
    return Line(
        amount, f"{text} {product}", item["price"], item["quantity"], moment, end, subscription["id"], item["id"], True
    )
