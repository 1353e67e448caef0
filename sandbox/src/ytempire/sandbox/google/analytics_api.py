"""YouTube Analytics API v2: ``GET /youtubeanalytics/v2/reports``.

Days are Pacific days. The two most recent ones have no rows yet; an estimate is revised once, ten days later. Channels
that are not monetised have no revenue to report (403), as have tokens without the monetary scope.
"""

import calendar
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ytempire.sandbox.google import analytics_query, discovery, series, videos
from ytempire.sandbox.google.analytics_query import Report
from ytempire.sandbox.google.errors import ApiError, GoogleRoute
from ytempire.sandbox.google.gate import Caller, Gate, check_scope
from ytempire.sandbox.google.scopes import MONETARY
from ytempire.sandbox.google.times import pacific_day
from ytempire.sandbox.journal import note

API = ("youtubeAnalytics", "v2")
LAG_DAYS = 2

Table = dict[tuple[str, ...], series.Figures]


def _admit(gate: Gate, request: Request) -> tuple[Caller, Report]:
    method = discovery.methods(*API)["youtubeAnalytics.reports.query"]
    caller = gate.authenticate(request)
    discovery.check_parameters(API, method, request.query_params)
    check_scope(caller, method.scopes)
    report = analytics_query.parse(request.query_params)
    if report.channel not in ("MINE", caller.channel_id):
        raise ApiError(403, "forbidden", "Forbidden: the channel is not the one this token was granted for.")
    if report.monetary:
        check_scope(caller, frozenset({MONETARY}))
        if not caller.channel["monetised"]:
            raise ApiError(403, "forbidden", "Forbidden: the channel is not in the YouTube Partner Programme.")
    return caller, report


def _key(report: Report, video_id: str, day: date) -> tuple[str, ...]:
    names = {"day": day.isoformat(), "month": day.strftime("%Y-%m"), "video": video_id}
    return tuple(names[name] for name in report.dimensions)


def _last_day(report: Report, today: date) -> date:
    """The last day that has data; a report by month shows complete months only."""
    known = min(report.last, today - timedelta(days=LAG_DAYS))
    if report.dimensions == ("month",):
        end = known.replace(day=calendar.monthrange(known.year, known.month)[1])
        return known if known == end else known.replace(day=1) - timedelta(days=1)
    return known


def _table(gate: Gate, caller: Caller, report: Report) -> Table:
    """Sums by the values of the dimensions; only what was watched has a row."""
    today = pacific_day(gate.world.clock.now())
    last = _last_day(report, today)
    table: Table = {}
    for video in videos.of_channel(gate.world, caller.channel_id, deleted=True):
        seed = series.seed_of(video, caller.channel)
        if seed is None or (report.videos and video["id"] not in report.videos):
            continue
        if video["deleted"] and "video" in report.dimensions:
            continue
        day = max(report.first, seed.public_from)
        while day <= last:
            figures = series.estimated(seed, day, today)
            if figures.views:
                key = _key(report, video["id"], day)
                table[key] = table.get(key, series.Figures()) + figures
            day += timedelta(days=1)
    return table


def _rows(report: Report, table: Table) -> list[list[Any]]:
    columns = report.dimensions + report.metrics
    rows: list[list[Any]] = [
        [*key, *(analytics_query.value(metric, figures) for metric in report.metrics)]
        for key, figures in sorted(table.items())
    ]
    for name, descending in reversed(report.order):
        index = columns.index(name)
        rows.sort(key=lambda row: row[index], reverse=descending)
    start = report.start_index - 1
    return rows[start : start + report.max_results if report.max_results else None]


def _headers(report: Report) -> list[dict[str, str]]:
    dimensions = [{"name": name, "columnType": "DIMENSION", "dataType": "STRING"} for name in report.dimensions]
    metrics = [
        {"name": name, "columnType": "METRIC", "dataType": analytics_query.data_type(name)} for name in report.metrics
    ]
    return dimensions + metrics


def router(gate: Gate) -> APIRouter:
    """The route of reports."""
    routes = APIRouter(route_class=GoogleRoute, tags=["youtube analytics"])

    @routes.get("/youtubeanalytics/v2/reports")
    async def query(request: Request) -> Response:
        caller, report = _admit(gate, request)
        rows = _rows(report, _table(gate, caller, report))
        note(request, metrics=list(report.metrics), dimensions=list(report.dimensions), rows=len(rows))
        answer: dict[str, Any] = {"kind": "youtubeAnalytics#resultTable", "columnHeaders": _headers(report)}
        return JSONResponse(answer | ({"rows": rows} if rows else {}))

    return routes
