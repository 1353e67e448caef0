"""Preferences: read with their version, saved over what was read, for the account and for single channels."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from ytempire.eventstore import new_id

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def connected(person: Any) -> str:
    begun = (await person.post("/channels/connect", {"niche_id": "niche-0"})).json()
    state = parse_qs(urlsplit(begun["consent_url"]).query)["state"][0]
    await person.get("/oauth/google/callback", params={"state": state, "code": "good"})
    return str(begun["channel_id"])


async def test_preferences_are_read_with_their_version_and_saved_over_it(person: Any) -> None:
    before = await person.get("/preferences")
    assert (before.headers["etag"], before.json()["preferences"]["version"]) == ('"0"', 0)
    assert "joe" in before.json()["available"]["voice"]["en"]
    first = await person.post("/onboarding/preferences", {"brand_colour": "#0F6E84", "timezone": "Europe/Berlin"})
    assert (first.json()["version"], first.json()["brand_colour"]) == (1, "#0f6e84")
    second = await person.post("/onboarding/preferences", {"video_length_s": 300}, headers={"If-Match": '"1"'})
    assert second.json()["version"] == 2
    versions = (await person.get("/preferences/history")).json()["versions"]
    assert [(v["version"], v["preferences"]["video_length_s"]) for v in versions] == [(2, 300), (1, 480)]
    assert all(v["saved_at"] for v in versions)


async def test_a_channel_shows_each_value_with_where_it_comes_from(person: Any) -> None:
    channel = await connected(person)
    path = f"/channels/{channel}/preferences"
    untouched = (await person.get(path)).json()["preferences"]
    assert untouched["video_style"] == {"value": "educational", "from": "default"}
    await person.post("/onboarding/preferences", {"video_length_s": 300, "brand_colour": "#0f6e84"})
    saved = await person.post(path, {"video_style": "documentary", "font_kit": "friendly"})
    assert saved.json()["version"] == 1, saved.text
    shown = await person.get(path)
    assert shown.headers["etag"] == '"1"'
    assert shown.json()["own"] == {"video_style": "documentary", "font_kit": "friendly"}
    held = shown.json()["preferences"]
    assert held["video_style"] == {"value": "documentary", "from": "channel"}
    assert held["video_length_s"] == {"value": 300, "from": "account"}
    history = (await person.get("/preferences/history", params={"channel_id": channel})).json()["versions"]
    assert [v["preferences"] for v in history] == [{"video_style": "documentary", "font_kit": "friendly"}]
    unknown = await person.get("/preferences/history", params={"channel_id": new_id()})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_a_video_is_asked_for_as_its_channel_has_it(person: Any) -> None:
    channel = await connected(person)
    await person.post("/onboarding/preferences", {"video_length_s": 300, "brand_colour": "#0f6e84"})
    await person.post(f"/channels/{channel}/preferences", {"video_style": "news", "font_kit": "editorial"})
    asked = await person.post("/videos/generate", {"channel_id": channel, "topic": "Compost", "length_s": 90})
    video = (await person.get(f"/videos/{asked.json()['video_id']}")).json()
    assert (video["style"], video["length_s"]) == ("news", 90)
    with psycopg.connect(person.platform.gateway_dsn) as connection:
        (wanted,) = connection.execute(
            "select data from es.events where type = 'VideoRequested.v1' and data->>'channel_id' = %s", [channel]
        ).fetchone()
    assert (wanted["brand_colour"], wanted["font_kit"], wanted["voice"]) == ("#0f6e84", "editorial", "joe")


@pytest.mark.parametrize(
    ("header", "body", "status", "code"),
    [
        ('"9"', {}, 409, "version_conflict"),
        (None, {"version": 9}, 409, "version_conflict"),
        ("*", {}, 400, "if_match_malformed"),
        ('"1"', {"version": 2}, 400, "if_match_malformed"),
    ],
)
async def test_a_version_that_is_not_there_is_refused(
    person: Any, header: str | None, body: dict[str, Any], status: int, code: str
) -> None:
    path = f"/channels/{await connected(person)}/preferences"
    refused = await person.post(path, body, headers={"If-Match": header} if header else {})
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text


async def test_reminders_are_switched_in_the_preferences(person: Any) -> None:
    assert (await person.get("/preferences")).json()["reminders"] == {"wanted": True}
    off = await person.post("/preferences/reminders", {"wanted": False})
    assert (off.status_code, off.json()["wanted"]) == (200, False)
    assert (await person.get("/preferences")).json()["reminders"] == {"wanted": False}
    assert (await person.post("/preferences/reminders", {"wanted": True})).json()["wanted"] is True


async def test_one_press_stops_reminders_without_a_log_in_and_opening_the_link_does_not(
    person: Any, stranger: Any
) -> None:
    token = f"stop-{new_id()}"
    person.platform.world.tokens[hashlib.sha256(token.encode()).hexdigest()] = person.user_id
    path = f"/api/v1/mail/unsubscribe?token={token}"
    page = await stranger.http.get(path)
    assert page.status_code == 200
    assert f'action="{path}"' in page.text
    assert (await person.get("/preferences")).json()["reminders"] == {"wanted": True}
    for _ in range(2):
        pressed = await stranger.http.post(path, content="List-Unsubscribe=One-Click", headers=FORM)
        assert pressed.status_code == 200, pressed.text
    await person.until("/preferences", lambda p: p["reminders"] == {"wanted": False})
    with psycopg.connect(person.platform.gateway_dsn) as connection:
        asked = connection.execute(
            "select count(*), bool_or(data::text like %s) from es.events where type = 'ReminderChoiceRequested.v1'"
            " and data->>'token_digest' = %s",
            [f"%{token}%", hashlib.sha256(token.encode()).hexdigest()],
        ).fetchone()
    assert asked == (1, False)


@pytest.mark.parametrize(("token", "code"), [("x" * 43, "unknown_link"), ("short", "too_short"), ("<" * 30, None)])
async def test_a_link_that_is_none_is_refused(stranger: Any, token: str, code: str | None) -> None:
    refused = await stranger.http.post("/api/v1/mail/unsubscribe", params={"token": token}, headers=FORM)
    assert refused.status_code == 422
    assert code is None or refused.json()["code"] == code, refused.text
