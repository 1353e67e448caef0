"""YouTube Analytics by google-api-python-client: days, lag, revision, money, refusals."""

import ssl
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaFileUpload

from ytempire.sandbox.google import series
from ytempire.sandbox.google.scopes import FORCE_SSL
from ytempire.sandbox.google.testkit import ALL_SCOPES, connect, write_mp4
from ytempire.sandbox.google.times import pacific_day
from ytempire.sandbox.process import Addresses, SandboxProcess

MONEY = (
    "estimatedRevenue,estimatedAdRevenue,estimatedRedPartnerRevenue,grossRevenue,cpm,adImpressions,monetizedPlaybacks"
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory) -> Iterator[Addresses]:
    with SandboxProcess(tmp_path_factory.mktemp("analytics")) as addresses:
        yield addresses


@pytest.fixture
def web(sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.base_url, verify=ssl.create_default_context(cafile=sandbox.ca)) as client:
        yield client


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_mp4(tmp_path_factory.mktemp("film") / "film.mp4", payload=2000)


def upload(one, film, title="Budgeting for beginners", privacy="public"):
    body = {
        "snippet": {"title": title, "categoryId": "27", "tags": ["budgeting"]},
        "status": {"privacyStatus": privacy},
    }
    insert = one.youtube.videos().insert(part="snippet,status", body=body, media_body=MediaFileUpload(str(film)))
    return insert.execute()["id"]


def today(web) -> date:
    return pacific_day(datetime.fromisoformat(web.get("/control/clock").json()["now"]))


def advance(web, days):
    web.post("/control/clock", json={"advance_seconds": days * 86400})


def query(one, start: date, end: date, metrics="views,engagedViews,estimatedRevenue", **more):
    more = {"ids": "channel==MINE", **more}
    return one.analytics.reports().query(startDate=str(start), endDate=str(end), metrics=metrics, **more).execute()


def status(call):
    with pytest.raises(HttpError) as refused:
        call()
    return refused.value.status_code


def test_thirty_days_of_a_monetised_channel(sandbox, web, film):
    one = connect(sandbox.base_url, sandbox.ca, "thirty@example.com", "established")
    start = today(web)
    id = upload(one, film)
    assert "rows" not in query(one, start, start + timedelta(days=40), dimensions="day")
    advance(web, 30)
    answer = query(one, start, start + timedelta(days=40), dimensions="day")
    days = [row[0] for row in answer["rows"]]
    assert days == [str(start + timedelta(days=n)) for n in range(29)]
    assert [column["name"] for column in answer["columnHeaders"]] == [
        "day",
        "views",
        "engagedViews",
        "estimatedRevenue",
    ]
    views = [row[1] for row in answer["rows"]]
    assert views.index(max(views)) in (1, 2)
    assert sum(views[-5:]) < sum(views[:5]) / 2
    assert all(row[2] < row[1] for row in answer["rows"])
    amounts = [Decimal(repr(row[3])) for row in answer["rows"]]
    assert all(amount == amount.quantize(Decimal("0.000001")) for amount in amounts)
    assert 5 < sum(amounts) < 300
    by_video = query(one, start, start + timedelta(days=40), dimensions="video", sort="-views", maxResults=10)
    assert by_video["rows"][0][:2] == [id, sum(views)]
    assert Decimal(repr(by_video["rows"][0][3])) == sum(amounts)
    assert query(one, start, start + timedelta(days=40))["rows"][0][0] == sum(views)


def test_parts_of_the_money_fit_together(sandbox, web, film):
    one = connect(sandbox.base_url, sandbox.ca, "parts@example.com", "established")
    start = today(web)
    upload(one, film)
    advance(web, 15)
    for row in query(one, start, today(web), MONEY, dimensions="day")["rows"]:
        total, ads, premium, gross, cpm, impressions, playbacks = row[1:]
        assert Decimal(repr(total)) == Decimal(repr(ads)) + Decimal(repr(premium))
        assert ads == pytest.approx(gross * 0.55, abs=1e-5)
        assert cpm == pytest.approx(gross / impressions * 1000, abs=1e-3)
        assert impressions >= playbacks


def test_estimates_move_once_and_are_then_final(sandbox, web, film):
    one = connect(sandbox.base_url, sandbox.ca, "revised@example.com", "established")
    start = today(web)
    upload(one, film)
    known = []
    for _ in range(18):
        advance(web, 1)
        rows = query(one, start, start, dimensions="day").get("rows")
        known.append(rows[0][3] if rows else None)
    assert known[0] is None
    assert known[1] is not None
    assert len(set(known[1:])) == 2
    assert len(set(known[10:])) == 1
    assert abs(known[-1] / known[1] - 1) < 0.04


def test_a_report_is_the_same_however_often_it_is_asked(sandbox, web, film):
    one = connect(sandbox.base_url, sandbox.ca, "stable@example.com", "established")
    start = today(web)
    upload(one, film)
    advance(web, 6)
    assert query(one, start, today(web), dimensions="day") == query(one, start, today(web), dimensions="day")


def test_private_videos_earn_nothing_and_a_hidden_one_stops(sandbox, web, film):
    one = connect(sandbox.base_url, sandbox.ca, "hidden@example.com", "established")
    start = today(web)
    upload(one, film, privacy="private")
    shown = upload(one, film)
    advance(web, 4)
    body = {"id": shown, "status": {"privacyStatus": "private"}}
    one.youtube.videos().update(part="status", body=body).execute()
    advance(web, 10)
    rows = query(one, start, today(web), dimensions="day")["rows"]
    assert len(rows) == 5
    listed = query(one, start, today(web), dimensions="video", sort="-views", maxResults=10)["rows"]
    assert [row[0] for row in listed] == [shown]


def test_filters_order_and_rows(sandbox, web, film):
    one = connect(sandbox.base_url, sandbox.ca, "filters@example.com", "established")
    start = today(web)
    ids = [upload(one, film, title) for title in ("One", "Two", "Three")]
    advance(web, 9)
    chosen = query(one, start, today(web), dimensions="day", filters=f"video=={ids[0]},{ids[2]}")["rows"]
    each = [query(one, start, today(web), dimensions="day", filters=f"video=={id}")["rows"] for id in ids]
    assert [row[1] for row in chosen] == [a[1] + c[1] for a, c in zip(each[0], each[2], strict=True)]
    top = query(one, start, today(web), dimensions="video", sort="-estimatedRevenue", maxResults=2)["rows"]
    assert len(top) == 2
    assert top[0][3] >= top[1][3]
    newest = query(one, start, today(web), dimensions="day", sort="-day")["rows"]
    assert newest[0][0] > newest[-1][0]


def test_a_fresh_channel_has_views_but_no_revenue(sandbox, web, film):
    one = connect(sandbox.base_url, sandbox.ca, "fresh@example.com", "fresh")
    start = today(web)
    upload(one, film)
    advance(web, 8)
    assert query(one, start, today(web), "views,estimatedMinutesWatched,subscribersGained", dimensions="day")["rows"]
    assert status(lambda: query(one, start, today(web), "estimatedRevenue")) == 403


def test_money_needs_the_monetary_scope(sandbox, web):
    scopes = [scope for scope in ALL_SCOPES if "monetary" not in scope]
    one = connect(sandbox.base_url, sandbox.ca, "scope@example.com", "established", scopes)
    assert query(one, today(web), today(web), "views")["kind"] == "youtubeAnalytics#resultTable"
    assert status(lambda: query(one, today(web), today(web), "views,estimatedRevenue")) == 403
    other = connect(sandbox.base_url, sandbox.ca, "scope@example.com", "established", [FORCE_SSL])
    assert status(lambda: query(other, today(web), today(web), "views")) == 403


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": "views,wealth"},
        {"dimensions": "day,video"},
        {"dimensions": "video"},
        {"dimensions": "video", "sort": "-views", "maxResults": 201},
        {"dimensions": "day", "sort": "-likes"},
        {"filters": "country==US"},
        {"startDate": "2026-13-01"},
        {"endDate": "2020-01-01"},
        {"ids": "contentOwner==me"},
        {"currency": "EUR"},
    ],
)
def test_refused_queries(sandbox, web, change):
    one = connect(sandbox.base_url, sandbox.ca, "refused@example.com", "established")
    day = str(today(web))
    sent = {"ids": "channel==MINE", "startDate": day, "endDate": day, "metrics": "views", **change}
    assert status(lambda: one.analytics.reports().query(**sent).execute()) == 400


def test_another_channel_is_forbidden(sandbox, web):
    one = connect(sandbox.base_url, sandbox.ca, "own@example.com", "established")
    day = today(web)
    assert status(lambda: query(one, day, day, "views", ids="channel==UCsomebodyelse")) == 403


def seed(**change) -> series.Seed:
    own = {
        "key": "k", "monetised": True, "public_from": date(2026, 3, 1), "public_until": None,
        "duration_s": 480.0, "vertical": False, "rpm_micros": 4_000_000,
    }  # fmt: skip
    return series.Seed(**{**own, **change})


def test_a_short_earns_a_fraction_of_a_long_film():
    day = date(2026, 3, 5)
    long, short = (series.day_figures(seed(**change), day) for change in ({}, {"vertical": True, "duration_s": 50.0}))
    assert short.ad_micros < long.ad_micros / 20


def test_december_pays_more_than_january():
    december = series.day_figures(seed(public_from=date(2026, 12, 1)), date(2026, 12, 2))
    january = series.day_figures(seed(public_from=date(2026, 1, 1)), date(2026, 1, 2))
    assert december.gross_micros / december.engaged_views > january.gross_micros / january.engaged_views


def test_the_niche_of_the_texts_sets_the_rate():
    finance = series.rpm_micros("k", "How index funds and compound interest work: investing in stocks")
    music = series.rpm_micros("k", "lofi beats, relaxing piano")
    assert finance > 2 * music
