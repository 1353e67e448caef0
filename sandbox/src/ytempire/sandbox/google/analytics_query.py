"""What an Analytics report may ask for: metrics, dimensions, filters, order; parsed and refused as the API does."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from starlette.datastructures import QueryParams

from ytempire.sandbox.google.errors import ApiError
from ytempire.sandbox.google.series import Figures

MICRO = Decimal(1_000_000)
MOST_VIDEO_ROWS = 200
MOST_VIDEO_FILTERS = 500
DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")

Number = int | float


def _dollars(micros: int) -> float:
    """Micro-USD as a JSON number of at most six decimals; its shortest text is exact."""
    return float(Decimal(micros) / MICRO)


def _ratio(part: float, whole: float, digits: int) -> float:
    return round(part / whole, digits) if whole else 0.0


Metric = Callable[[Figures], Number]
COUNTS: dict[str, Metric] = {
    "views": lambda f: f.views,
    "engagedViews": lambda f: f.engaged_views,
    "estimatedMinutesWatched": lambda f: f.watch_seconds // 60,
    "averageViewDuration": lambda f: f.watch_seconds // f.views if f.views else 0,
    "averageViewPercentage": lambda f: _ratio(100 * f.watch_seconds, f.possible_seconds, 2),
    "likes": lambda f: f.likes,
    "dislikes": lambda f: f.likes // 40,
    "comments": lambda f: f.comments,
    "shares": lambda f: f.shares,
    "subscribersGained": lambda f: f.subscribers_gained,
    "subscribersLost": lambda f: f.subscribers_lost,
}
MONEY: dict[str, Metric] = {
    "estimatedRevenue": lambda f: _dollars(f.ad_micros + f.premium_micros),
    "estimatedAdRevenue": lambda f: _dollars(f.ad_micros),
    "estimatedRedPartnerRevenue": lambda f: _dollars(f.premium_micros),
    "grossRevenue": lambda f: _dollars(f.gross_micros),
    "cpm": lambda f: _ratio(f.gross_micros / 1000, f.ad_impressions, 3),
    "playbackBasedCpm": lambda f: _ratio(f.gross_micros / 1000, f.monetized_playbacks, 3),
    "adImpressions": lambda f: f.ad_impressions,
    "monetizedPlaybacks": lambda f: f.monetized_playbacks,
}
FLOATS = frozenset({"averageViewPercentage"})
CURRENCY = frozenset({"estimatedRevenue", "estimatedAdRevenue", "estimatedRedPartnerRevenue", "grossRevenue"})
RATES = frozenset({"cpm", "playbackBasedCpm"})
DIMENSIONS: frozenset[tuple[str, ...]] = frozenset({(), ("day",), ("month",), ("video",)})


@dataclass(frozen=True)
class Report:
    """A checked query; ``order`` holds column names, each with whether it descends."""

    channel: str
    first: date
    last: date
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    videos: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]
    start_index: int
    max_results: int | None

    @property
    def monetary(self) -> bool:
        """Whether it asks for money."""
        return any(metric in MONEY for metric in self.metrics)


def value(metric: str, figures: Figures) -> Number:
    """A metric of summed figures; ratios are taken from the sums."""
    return (COUNTS.get(metric) or MONEY[metric])(figures)


def data_type(metric: str) -> str:
    """The column's data type as the API names it."""
    if metric in CURRENCY or metric in RATES:
        return "CURRENCY" if metric in RATES else "FLOAT"
    return "FLOAT" if metric in FLOATS else "INTEGER"


def _refuse(message: str, name: str) -> ApiError:
    return ApiError(400, "badRequest", message, location=name, location_type="parameter")


def _required(query: QueryParams, name: str) -> str:
    if not query.get(name):
        raise ApiError(400, "required", f"Required parameter: {name}", location=name, location_type="parameter")
    return query[name]


def _day(query: QueryParams, name: str) -> date:
    text = _required(query, name)
    try:
        if DAY.match(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _refuse(f"Invalid value '{text}' for {name}: a day is written YYYY-MM-DD.", name)


def parse(query: QueryParams) -> Report:
    """The report asked for; raises 400."""
    kind, _, owner = _required(query, "ids").partition("==")
    if kind != "channel" or not owner:
        raise _refuse("The sandbox knows ids of the form channel==MINE or channel==CHANNEL_ID.", "ids")
    first, last = _day(query, "startDate"), _day(query, "endDate")
    if last < first:
        raise _refuse(f"Invalid dates: endDate {last} is before startDate {first}.", "endDate")
    metrics = tuple(_required(query, "metrics").split(","))
    if unknown := [name for name in metrics if name not in COUNTS and name not in MONEY]:
        raise _refuse(f"Unknown identifier ({unknown[0]}) given in field parameters.metrics.", "metrics")
    dimensions = tuple(name for name in query.get("dimensions", "").split(",") if name)
    if dimensions not in DIMENSIONS:
        message = "The query is not supported. Check the documentation for supported queries: "
        raise _refuse(message + "dimensions must be empty, day, month or video.", "dimensions")
    report = Report(
        owner,
        first,
        last,
        metrics,
        dimensions,
        _videos(query.get("filters", "")),
        _order(query.get("sort", ""), dimensions + metrics),
        max(1, int(query.get("startIndex", 1))),
        int(query["maxResults"]) if query.get("maxResults") else None,
    )
    _check_supported(report, query)
    return report


def _videos(filters: str) -> tuple[str, ...]:
    chosen: list[str] = []
    for text in filter(None, filters.split(";")):
        name, _, values = text.partition("==")
        if name != "video" or not values:
            raise _refuse(f"The sandbox filters by video==ID[,ID...] only, not by '{text}'.", "filters")
        chosen += values.split(",")
    if len(chosen) > MOST_VIDEO_FILTERS:
        raise _refuse(f"At most {MOST_VIDEO_FILTERS} videos can be named in a filter.", "filters")
    return tuple(dict.fromkeys(chosen))


def _order(sort: str, columns: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    order = tuple((name.removeprefix("-"), name.startswith("-")) for name in sort.split(",") if name)
    if unknown := [name for name, _ in order if name not in columns]:
        raise _refuse(f"Unknown identifier ({unknown[0]}) given in field parameters.sort.", "sort")
    return order


def _check_supported(report: Report, query: QueryParams) -> None:
    currency = query.get("currency", "USD")
    if currency != "USD":
        raise _refuse(f"The sandbox reports in USD only, not in {currency}.", "currency")
    if report.max_results is not None and report.max_results < 1:
        raise _refuse("maxResults must be at least 1.", "maxResults")
    if report.dimensions != ("video",):
        return
    # The top-videos report: the API wants an order and at most 200 rows.
    if not report.order or report.max_results is None or report.max_results > MOST_VIDEO_ROWS:
        message = f"The query is not supported: dimensions=video needs sort and maxResults <= {MOST_VIDEO_ROWS}."
        raise _refuse(message, "maxResults")
    if not all(descending for _, descending in report.order):
        raise _refuse("The query is not supported: dimensions=video sorts in descending order only.", "sort")
