"""Awin: programmes, links, clicks, and the sales that published videos bring."""

import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from googleapiclient.http import MediaFileUpload

from ytempire.sandbox.google.testkit import connect, write_mp4
from ytempire.sandbox.process import Addresses, SandboxProcess

API = "/awin/publishers/110011"
TOKEN = {"Authorization": "Bearer sandbox-awin-token"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory) -> Iterator[Addresses]:
    with SandboxProcess(tmp_path_factory.mktemp("awin"), awin_calls_per_minute="20") as addresses:
        yield addresses


@pytest.fixture
def web(sandbox) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cafile=sandbox.ca)
    with httpx.Client(base_url=sandbox.base_url, verify=context, headers=TOKEN) as client:
        client.post("/control/clock", json={"advance_seconds": 61})
        yield client
        client.delete("/control/faults")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_mp4(tmp_path_factory.mktemp("film") / "film.mp4", payload=2000)


def now(web) -> datetime:
    return datetime.fromisoformat(web.get("/control/clock").json()["now"])


def link(web, clickref: str, **more) -> dict:
    body = {"advertiserId": 41002, "parameters": {"clickref": clickref, "campaign": "film"}, **more}
    return web.post(f"{API}/linkbuilder/generate", json=body).json()


def publish(sandbox, film, account, text, privacy="public"):
    youtube = connect(sandbox.base_url, sandbox.ca, account, "established").youtube
    body = {
        "snippet": {"title": "Film", "categoryId": "27", "description": text},
        "status": {"privacyStatus": privacy},
    }
    insert = youtube.videos().insert(part="snippet,status", body=body, media_body=MediaFileUpload(str(film)))
    return insert.execute()["id"]


def report(web, start, end, **more) -> list[dict]:
    form = "%Y-%m-%dT%H:%M:%S"
    query = {"startDate": start.strftime(form), "endDate": end.strftime(form), "timezone": "UTC", **more}
    answer = web.get(f"{API}/transactions/", params={"dateType": "transaction", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def days_until(web, found, start, most=31) -> tuple[int, list[dict]]:
    for day in range(most):
        rows = found(report(web, start, start + timedelta(days=31)))
        if rows:
            return day, rows
        web.post("/control/clock", json={"advance_seconds": 86400})
    raise AssertionError("it never happened")


def test_programmes(web):
    joined = web.get(f"{API}/programmes", params={"relationship": "joined"}).json()
    assert {"id", "name", "displayUrl", "currencyCode", "primarySector", "validDomains"} <= set(joined[0])
    others = web.get(f"{API}/programmes", params={"relationship": "notjoined"}).json()
    assert not {row["id"] for row in joined} & {row["id"] for row in others}
    assert web.get(f"{API}/programmes", params={"relationship": "friend"}).status_code == 400


def test_a_tracking_link_carries_the_sub_id_and_records_clicks(web, sandbox):
    made = link(web, "video-7", shorten=True)
    query = parse_qs(urlsplit(made["url"]).query)
    assert (query["awinmid"], query["awinaffid"], query["clickref"]) == (["41002"], ["110011"], ["video-7"])
    for url in made.values():
        answer = web.get(url)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(f"{sandbox.base_url}/awin/shop/41002?awc=41002_")
    assert "Ledgerleaf" in web.get(answer.headers["location"]).text


def test_a_tracking_link_is_no_open_redirect(web, sandbox):
    answer = web.get("/awin/cread?awinmid=41002&awinaffid=110011&clickref=x&ued=https%3A%2F%2Fevil.example%2F")
    assert answer.headers["location"].startswith(f"{sandbox.base_url}/awin/shop/41002")
    assert web.get("/awin/cread?awinmid=1").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"advertiserId": "41002"}, 400),
        ({"advertiserId": 1}, 400),
        ({"advertiserId": 41012}, 403),
        ({"advertiserId": 41002, "destinationUrl": "https://elsewhere.example/"}, 400),
        ({"advertiserId": 41002, "parameters": {"colour": "red"}}, 400),
        ({"advertiserId": 41002, "parameters": {"clickref": 7}}, 400),
        ([], 400),
    ],
)
def test_refused_links(web, body, status):
    assert web.post(f"{API}/linkbuilder/generate", json=body).status_code == status


def test_a_published_link_brings_one_sale_that_is_approved_later(web, sandbox, film):
    start = now(web)
    publish(sandbox, film, "sale@example.com", f"Sources below.\nThe app (ad): {link(web, 'sale-1')['url']}.")
    day, rows = days_until(
        web, lambda found: [row for row in found if row["clickRefs"] == {"clickRef": "sale-1"}], start
    )
    assert 5 <= day <= 10
    row = rows[0]
    assert (row["commissionStatus"], row["validationDate"]) == ("pending", None)
    assert row["commissionAmount"]["currency"] == "USD"
    assert row["commissionAmount"]["amount"] == round(row["saleAmount"]["amount"] * 0.12 + 1e-9, 2)
    assert (
        timedelta(days=5)
        <= datetime.fromisoformat(row["transactionDate"] + "+00:00") - start
        < timedelta(days=9, hours=1)
    )
    more, approved = days_until(
        web,
        lambda found: [r for r in found if r["id"] == row["id"] and r["commissionStatus"] == "approved"],
        start,
    )
    assert 5 <= more <= 12
    assert approved[0]["commissionAmount"] == row["commissionAmount"]
    validated = report(web, now(web) - timedelta(days=3), now(web), dateType="validation")
    assert [r["id"] for r in validated] == [row["id"]]


def test_a_short_link_counts_a_private_video_and_a_link_without_sub_id_do_not(web, sandbox, film):
    start = now(web)
    publish(sandbox, film, "short@example.com", f"See {link(web, 'short-1', shorten=True)['shortUrl']}")
    publish(sandbox, film, "private@example.com", link(web, "private-1")["url"], privacy="private")
    publish(sandbox, film, "bare@example.com", f"{sandbox.base_url}/awin/cread?awinmid=41002&awinaffid=110011")
    web.post("/control/clock", json={"advance_seconds": 10 * 86400})
    refs = [row["clickRefs"]["clickRef"] for row in report(web, start, now(web))]
    assert refs == ["short-1"]


def test_a_declined_sale(web, sandbox, film):
    start = now(web)
    web.post("/control/faults", json={"provider": "awin", "action": "provider", "name": "declined"})
    publish(sandbox, film, "declined@example.com", link(web, "declined-1")["url"])
    web.post("/control/clock", json={"advance_seconds": 21 * 86400})
    row = report(web, start, now(web))[0]
    assert (row["commissionStatus"], row["declineReason"]) == ("declined", "Return")


def test_zones_and_limits_of_a_report(web):
    good = {"startDate": "2026-11-01T00:00:00", "endDate": "2026-11-30T00:00:00", "timezone": "Europe/Berlin"}
    assert web.get(f"{API}/transactions/", params=good).status_code == 200
    for change in (
        {"endDate": "2026-12-31T00:00:00"},
        {"startDate": "2026-11-01"},
        {"endDate": ""},
        {"timezone": "Mars/Base"},
        {"dateType": "birthday"},
        {"status": "lost"},
        {"advertiserId": "x"},
        {"colour": "red"},
    ):
        assert web.get(f"{API}/transactions/", params={**good, **change}).status_code == 400, change


def test_token_and_publisher(web):
    assert web.get(f"{API}/programmes", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert web.get("/awin/publishers/5/programmes").status_code == 403


def test_twenty_calls_a_minute(web):
    codes = [web.get(f"{API}/programmes").status_code for _ in range(22)]
    assert codes == [200] * 20 + [429] * 2
    web.post("/control/clock", json={"advance_seconds": 61})
    assert web.get(f"{API}/programmes").status_code == 200
