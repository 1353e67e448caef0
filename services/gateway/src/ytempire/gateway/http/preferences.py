"""How videos are made and shown: for the account, and what single channels have of their own."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field, StringConstraints

from ytempire.events.gateway import ChannelPreferencesSubmitted, PreferencesSubmitted
from ytempire.events.preferences import FONT_KITS, STYLES, VOICES, ChannelPreferences, FontKit, VideoPreferences
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, Json, answer, known_id
from ytempire.gateway.http.fields import Body, LengthS, Word
from ytempire.gateway.http.identity import EdgeNow, WorkReads, WorkWrites
from ytempire.gateway.problems import Problem, not_found
from ytempire.gateway.projections.accounts import ACCOUNTS, accounts
from ytempire.gateway.projections.channels import CHANNELS, channels
from ytempire.gateway.projections.preferences import ACCOUNT, PREFERENCES, channel_preferences, preference_versions
from ytempire.gateway.reading import Row, TenantReads
from ytempire.gateway.views import preferences_of, reminders_of

router = APIRouter(prefix=API, tags=["preferences"], responses=PROBLEMS)

_Key = Annotated[str, StringConstraints(max_length=64)]
_Text = Annotated[str, StringConstraints(max_length=256)]
Colour = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20, to_lower=True)]
_A_VERSION = re.compile(r"[0-9]{1,15}")
Version = Annotated[int, Field(ge=0, description="The version that was changed. Or send it as If-Match.")]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The version that was changed, as the ETag of the GET says it")
]


class PreferencesBody(Body):
    video_style: Word = "educational"
    video_length_s: LengthS = 480
    auto_publish: bool = False
    timezone: Word = "UTC"
    dashboard_layout: Annotated[dict[_Key, _Text], Field(max_length=50, default_factory=dict)]
    language: Word = "en"
    voice: Word = "joe"
    brand_colour: Colour | None = None
    brand_accent: Colour | None = None
    font_kit: FontKit | None = None
    version: Version | None = None


class ChannelPreferencesBody(Body):
    video_style: Word | None = None
    video_length_s: LengthS | None = None
    auto_publish: bool | None = None
    language: Word | None = None
    voice: Word | None = None
    brand_colour: Colour | None = None
    brand_accent: Colour | None = None
    font_kit: FontKit | None = None
    version: Version | None = None


class RemindersBody(Body):
    wanted: bool


async def effective(reads: TenantReads, channel_id: str) -> VideoPreferences:
    """How a channel's videos are made: what it has of its own, and the account's for the rest."""
    account = preferences_of(await reads.one(ACCOUNTS, accounts))
    row = await _of_channel(reads, channel_id)
    return _own(row).over(_videos(account))


@router.get("/preferences", summary="How videos are made and shown, what can be chosen, and the version to change")
async def show(reads: WorkReads) -> Response:
    row = await reads.one(ACCOUNTS, accounts)
    saved, reminders = preferences_of(row), reminders_of(row)
    body = {"preferences": saved, "reminders": {"wanted": reminders}, "available": _available()}
    return _with_version(body, saved["version"])


@router.post("/onboarding/preferences", responses=PENDING, summary="Save how videos are made")
async def save(body: PreferencesBody, write: WorkWrites, edge: EdgeNow, if_match: IfMatch = None) -> Response:
    expected = _expected(body.version, if_match)
    event = PreferencesSubmitted(
        user_id=write.user_id, **body.model_dump(exclude={"version"}), expected_version=expected
    )
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))


@router.get("/preferences/history", summary="Every version that was saved, the newest first")
async def history(
    reads: WorkReads,
    channel_id: Annotated[str | None, Query(description="A channel's own ones; without it the account's")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    if channel_id is not None:
        await _require(reads, channel_id)
    scope = channel_id or ACCOUNT
    rows = await reads.rows(
        PREFERENCES,
        preference_versions,
        preference_versions.c.scope == scope,
        order=(preference_versions.c.version.desc(),),
        limit=limit,
    )
    return Json({"versions": [{key: row[key] for key in ("version", "saved_at", "preferences")} for row in rows]})


@router.post("/preferences/reminders", responses=PENDING, summary="Reminders of a set-up that stands still: yes or no")
async def choose_reminders(body: RemindersBody, write: WorkWrites, edge: EdgeNow) -> Response:
    return answer(await edge.choose_reminders.by_customer(write.user_id, body.wanted, await write.reserve()))


@router.get(
    "/channels/{channel_id}/preferences", summary="How a channel's videos are made, and where each value is from"
)
async def show_channel(channel_id: str, reads: WorkReads) -> Response:
    await _require(reads, channel_id)
    account, row = preferences_of(await reads.one(ACCOUNTS, accounts)), await _of_channel(reads, channel_id)
    own, version = _own(row), row["version"] if row else 0
    held = own.over(_videos(account)).model_dump()
    sources = {name: _source(name, own, account["version"]) for name in held}
    shown = {name: {"value": value, "from": sources[name]} for name, value in held.items()}
    body = {"channel_id": channel_id, "version": version, "preferences": shown, "own": own.named}
    return _with_version({**body, "available": _available()}, version)


@router.post("/channels/{channel_id}/preferences", responses=PENDING, summary="Save what a channel has of its own")
async def save_channel(
    channel_id: str, body: ChannelPreferencesBody, write: WorkWrites, edge: EdgeNow, if_match: IfMatch = None
) -> Response:
    await _require(write.reads, channel_id)
    event = ChannelPreferencesSubmitted(
        user_id=write.user_id,
        channel_id=channel_id,
        preferences=ChannelPreferences(**body.model_dump(exclude={"version"})),
        expected_version=_expected(body.version, if_match),
    )
    return answer(await edge.intents.request(write.user_id, await write.reserve(), f"account-{write.user_id}", event))


async def _require(reads: TenantReads, channel_id: str) -> None:
    """:raises Problem: 404 if the tenant has no channel with this id."""
    if await reads.one(CHANNELS, channels, channels.c.channel_id == known_id(channel_id, "channel")) is None:
        raise not_found("channel")


async def _of_channel(reads: TenantReads, channel_id: str) -> Row | None:
    return await reads.one(PREFERENCES, channel_preferences, channel_preferences.c.channel_id == channel_id)


def _own(row: Row | None) -> ChannelPreferences:
    return ChannelPreferences(**(row["preferences"] if row else {}))


def _videos(preferences: dict[str, Any]) -> VideoPreferences:
    return VideoPreferences(**{name: preferences[name] for name in VideoPreferences.model_fields})


def _source(name: str, own: ChannelPreferences, account_version: int) -> str:
    """``channel``, ``account``, or ``default`` as long as the account saved nothing."""
    if name in own.named:
        return "channel"
    return "account" if account_version else "default"


def _expected(version: int | None, if_match: str | None) -> int | None:
    """The version that a save is about, from the body or from ``If-Match``.

    :raises Problem: 400 if the header is none, or says otherwise than the body.
    """
    if if_match is None:
        return version
    said = if_match.strip().removeprefix("W/").strip('"')
    if not _A_VERSION.fullmatch(said) or version not in (None, int(said)):
        detail = 'If-Match takes the ETag of the preferences you read, such as "3", and the same version as the body.'
        raise Problem(400, "if_match_malformed", detail, field="If-Match")
    return int(said)


def _with_version(body: dict[str, Any], version: int) -> Response:
    return Json(body, headers={"ETag": f'"{version}"'})


def _available() -> dict[str, Any]:
    return {
        "video_style": dict(STYLES),
        "voice": {language: dict(voices) for language, voices in VOICES.items()},
        "font_kit": dict(FONT_KITS),
    }
