"""Sessions: refresh tokens that rotate, theft found, tokens of ended sessions refused at once, the list."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ytempire.cli.testing import ServiceDatabaseFactory, until
from ytempire.eventstore import ReadModels, new_id
from ytempire.eventstore.migrate import upgrade
from ytempire.gateway.adapters.sessions import GRACE, SqlSessions
from ytempire.gateway.adapters.tokens import TokenError, Tokens
from ytempire.gateway.ended import EndedListener, EndedSessions
from ytempire.gateway.live import Hub
from ytempire.gateway.ports import Session, Step
from ytempire.gateway.visitors import Visitor, device_family, visitor

API = "/api/v1"
MIGRATIONS = Path(__file__).parents[1] / "migrations"
HERE = Visitor("203.0.113.7", "203.0.113.0/24", "Firefox on Linux")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@dataclass
class Tables:
    dsn: str
    models: ReadModels
    ended: EndedSessions
    sessions: SqlSessions

    def tokens(self, session_id: str) -> list[tuple[str, bool]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(
                "select digest, used_at is not null from refresh_tokens where session_id = %s order by digest",
                [session_id],
            ).fetchall()

    def goes_on(self, session_id: str) -> bool:
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("select ended_at is null from sessions where session_id = %s", [session_id])
            return bool((row.fetchone() or [False])[0])


@pytest.fixture
async def tables(service_database: ServiceDatabaseFactory) -> AsyncIterator[Tables]:
    database = service_database("gateway")
    upgrade(MIGRATIONS, database.owner_dsn, application_role="gateway")
    models = ReadModels("gateway", database.dsn, ())
    ended = EndedSessions(900, Hub())
    yield Tables(database.dsn, models, ended, SqlSessions(models.engine, ended))
    await models.close()


def step(digest: str, at: datetime = NOW) -> Step:
    return Step(digest, at, at + timedelta(days=30))


async def begun(tables: Tables, first: str, user_id: str = "u") -> str:
    session = Session(user_id, new_id())
    set_password(tables, user_id, "hash")
    assert await tables.sessions.begin(session, "hash", HERE, step(first))
    return session.session_id


def set_password(tables: Tables, user_id: str, password_hash: str) -> None:
    with psycopg.connect(tables.dsn) as connection:
        connection.execute(
            "insert into credentials values (%s, %s, %s, now())"
            " on conflict (user_id) do update set password_hash = excluded.password_hash",
            [user_id, f"address of {user_id}", password_hash],
        )


async def test_one_token_follows_another_and_the_session_knows_when_and_whence(tables: Tables) -> None:
    session_id = await begun(tables, "1")
    there, later = Visitor("2001:db8::/64", "2001:db8::/48", "Safari on iPhone"), NOW + timedelta(hours=1)
    assert await tables.sessions.rotate("1", there, step("2", later)) == Session("u", session_id)
    assert tables.tokens(session_id) == [("1", True), ("2", False)]
    (shown,) = await tables.sessions.living("u", later)
    assert (shown.begun_at, shown.used_at, shown.device, shown.place) == (NOW, later, there.device, there.place)
    assert await tables.sessions.rotate("unknown", HERE, step("3")) is None
    assert await tables.sessions.rotate("2", HERE, step("3", later + timedelta(days=31))) is None
    assert tables.goes_on(session_id)


async def test_a_client_that_lost_the_answer_gets_the_same_token_again(tables: Tables) -> None:
    session_id = await begun(tables, "1")
    for seconds in (0, 1, 9):
        at = NOW + timedelta(seconds=seconds)
        assert await tables.sessions.rotate("1", HERE, step("2", at)) == Session("u", session_id)
    assert tables.tokens(session_id) == [("1", True), ("2", False)]


@pytest.mark.parametrize(("seconds", "follower_used"), [(11, False), (2, True)])
async def test_a_token_used_twice_ends_its_session(tables: Tables, seconds: int, follower_used: bool) -> None:
    session_id, other = await begun(tables, "1"), await begun(tables, "other")
    assert await tables.sessions.rotate("1", HERE, step("2"))
    last = "2"
    if follower_used:
        assert await tables.sessions.rotate("2", HERE, step("3"))
        last = "3"
    assert session_id not in tables.ended
    assert await tables.sessions.rotate("1", HERE, step("2", NOW + timedelta(seconds=seconds))) is None
    assert session_id in tables.ended
    assert not tables.goes_on(session_id)
    assert await tables.sessions.rotate(last, HERE, step("9")) is None
    assert tables.goes_on(other)


async def test_a_theft_found_while_the_session_is_continued_leaves_no_token_that_works(tables: Tables) -> None:
    for number in range(20):
        first = f"{number}-1"
        session_id = await begun(tables, first)
        assert await tables.sessions.rotate(first, HERE, step(f"{number}-2"))
        late = NOW + timedelta(minutes=1)
        await asyncio.gather(
            tables.sessions.rotate(f"{number}-2", HERE, step(f"{number}-3", late)),
            tables.sessions.rotate(first, HERE, step(f"{number}-2", late)),
        )
        assert not tables.goes_on(session_id)
        for digest, _ in tables.tokens(session_id):
            assert await tables.sessions.rotate(digest, HERE, step(f"{digest}-next", late)) is None


async def test_many_who_refresh_at_once_with_one_token_are_answered_alike(tables: Tables) -> None:
    session_id = await begun(tables, "1")
    answers = await asyncio.gather(*(tables.sessions.rotate("1", HERE, step("2")) for _ in range(12)))
    assert answers == [Session("u", session_id)] * 12
    assert tables.tokens(session_id) == [("1", True), ("2", False)]


@pytest.fixture
def migrated(service_database: ServiceDatabaseFactory) -> str:
    database = service_database("gateway")
    upgrade(MIGRATIONS, database.owner_dsn, application_role="gateway")
    return database.dsn


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tries=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 15)), min_size=1, max_size=12))
def test_any_order_of_refreshes_is_answered_by_the_rule(migrated: str, tries: list[tuple[int, int]]) -> None:
    """Each try names a step of the chain and how long after the try before it comes."""
    asyncio.run(_play(migrated, tries))


async def _play(dsn: str, tries: list[tuple[int, int]]) -> None:
    models = ReadModels("gateway", dsn, ())
    ended_sessions = EndedSessions(900, Hub())
    tables = Tables(dsn, models, ended_sessions, SqlSessions(models.engine, ended_sessions))
    run, used, ended, at = new_id(), [None], False, NOW
    session_id = await begun(tables, f"{run}-0")
    for number, seconds in tries:
        at += timedelta(seconds=seconds)
        answer = await tables.sessions.rotate(f"{run}-{number}", HERE, step(f"{run}-{number + 1}", at))
        known = number < len(used) and not ended
        first = known and used[number] is None
        again = known and not first and at - used[number] <= GRACE and used[number + 1] is None
        if first:
            used[number:] = [at, None]
        ended = ended or (known and not first and not again)
        assert answer == (Session("u", session_id) if first or again else None)
    assert tables.goes_on(session_id) is not ended
    assert [spent for _, spent in tables.tokens(session_id)] == [moment is not None for moment in used]
    await models.close()


async def test_ending_is_for_the_own_sessions_only(tables: Tables) -> None:
    mine, other, foreign = await begun(tables, "1"), await begun(tables, "2"), await begun(tables, "3", "v")
    assert not await tables.sessions.end("u", foreign, NOW)
    assert await tables.sessions.end("u", mine, NOW)
    assert not await tables.sessions.end("u", mine, NOW)
    assert await tables.sessions.rotate("1", HERE, step("4")) is None
    kept = await begun(tables, "5")
    assert await tables.sessions.end_others("u", kept, NOW) == 1
    assert [tables.goes_on(s) for s in (mine, other, kept, foreign)] == [False, False, True, True]
    assert await tables.sessions.of_token("u", "5") == kept
    assert await tables.sessions.of_token("u", "3") is None


async def test_no_session_that_began_with_the_old_password_outlives_its_change(tables: Tables) -> None:
    async def change(user_id: str) -> None:
        await asyncio.to_thread(set_password, tables, user_id, "new hash")
        await tables.sessions.end_others(user_id, None, NOW)

    for number in range(30):
        user_id, session_id = f"u{number}", new_id()
        set_password(tables, user_id, "hash")
        guess = tables.sessions.begin(Session(user_id, session_id), "hash", HERE, step(f"t{number}"))
        await asyncio.gather(guess, change(user_id))
        assert not await tables.sessions.living(user_id, NOW)
        assert not await tables.sessions.begin(Session(user_id, new_id()), "hash", HERE, step(f"later {number}"))
        assert await tables.sessions.begin(Session(user_id, new_id()), "new hash", HERE, step(f"new {number}"))


async def test_a_session_begins_once(tables: Tables) -> None:
    session_id = await begun(tables, "1")
    assert not await tables.sessions.begin(Session("u", session_id), "hash", HERE, step("2"))
    assert tables.tokens(session_id) == [("1", False)]


async def test_another_copy_hears_of_it_at_once_and_reads_what_it_missed(tables: Tables) -> None:
    elsewhere, real_now = EndedSessions(900, Hub()), datetime.now(UTC)

    def heard(session_id: str) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return session_id in elsewhere

        return look

    before = await begun(tables, "1")
    await tables.sessions.end("u", before, real_now)
    listener = asyncio.ensure_future(EndedListener(tables.dsn, elsewhere).run())
    try:
        await until(heard(before))
        during = await begun(tables, "2")
        await tables.sessions.end("u", during, datetime.now(UTC))
        began = time.perf_counter()
        await until(heard(during))
        assert time.perf_counter() - began < 2
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def test_what_nobody_can_use_any_more_is_forgotten(tables: Tables) -> None:
    ended, expired, living = await begun(tables, "1"), await begun(tables, "2"), await begun(tables, "3")
    await tables.sessions.end("u", ended, NOW)
    with psycopg.connect(tables.dsn) as connection:
        connection.execute("update sessions set expires_at = %s where session_id = %s", [NOW, expired])
    await tables.sessions.purge(NOW + timedelta(seconds=60))
    assert tables.tokens(ended)
    await tables.sessions.purge(NOW + timedelta(hours=1))
    with psycopg.connect(tables.dsn) as connection:
        assert connection.execute("select session_id from sessions").fetchall() == [(living,)]
        assert connection.execute("select digest from refresh_tokens").fetchall() == [("3",)]


def test_ended_sessions_are_forgotten_when_no_token_of_theirs_is_good() -> None:
    ended, now = EndedSessions(900, Hub()), time.time()
    ended.add("old", now - 1000)
    ended.add("new", now)
    assert "old" not in ended
    assert "new" in ended


def test_looking_at_a_token_asks_no_database_and_takes_microseconds() -> None:
    ended = EndedSessions(900, Hub())
    for _ in range(10_000):
        ended.add(new_id(), time.time())
    tokens = Tokens(b"k" * 32, 900, 900, ended)
    token = tokens.access("u", new_id())
    tokens.read_access(token)
    began = time.perf_counter()
    for _ in range(10_000):
        tokens.read_access(token)
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0"
            " Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
            " Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
            " CriOS/140.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        ),
        ("python-httpx/0.28.1", "python-httpx"),
        ("", "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
    ],
)
def test_the_kind_of_device(user_agent: str, device: str) -> None:
    assert device_family(user_agent) == device


@pytest.mark.parametrize(
    ("address", "network", "place"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("unknown", "unknown", "unknown"),
    ],
)
def test_how_much_of_an_address_is_counted_and_kept(address: str, network: str, place: str) -> None:
    seen = visitor(address, "")
    assert (seen.network, seen.place) == (network, place)


async def logged_in_again(person: Any) -> dict[str, Any]:
    body = {"email": person.email, "password": "correct horse 7 battery"}
    answered = await person.http.post(f"{API}/auth/login", json=body, headers={"User-Agent": "Firefox/140.0 (Linux)"})
    assert answered.status_code == 200, answered.text
    return dict(answered.json())


def bearing(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def refreshed(person: Any, token: str) -> Any:
    return await person.http.post(f"{API}/auth/refresh", json={"refresh_token": token})


def assert_ended(answered: Any) -> None:
    assert answered.status_code == 401, answered.text
    assert answered.json()["code"] == "session_ended"


async def test_sessions_are_listed_and_one_is_ended_at_once(person: Any, new_person: Any) -> None:
    other = await logged_in_again(person)
    listed = (await person.get("/sessions")).json()["sessions"]
    assert {(s["device"], s["place"], s["current"]) for s in listed} == {
        ("Firefox on Linux", "127.0.0.0/24", False),
        ("python-httpx", "127.0.0.0/24", True),
    }
    ended = next(s["session_id"] for s in listed if not s["current"])
    stranger = await new_person()
    refused = await stranger.http.delete(f"{API}/sessions/{ended}")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert (await person.get("/me", headers=bearing(other))).status_code == 200
    assert (await person.http.delete(f"{API}/sessions/{ended}")).status_code == 204
    assert_ended(await person.get("/me", headers=bearing(other)))
    assert (await refreshed(person, other["refresh_token"])).status_code == 401
    assert len((await person.get("/sessions")).json()["sessions"]) == 1
    assert (await person.get("/me")).status_code == 200


async def test_all_other_sessions_are_ended_together(person: Any) -> None:
    others = [await logged_in_again(person) for _ in range(3)]
    assert (await person.http.delete(f"{API}/sessions")).json() == {"ended": 3}
    for other in others:
        assert_ended(await person.get("/me", headers=bearing(other)))
    assert (await person.get("/me")).status_code == 200


async def test_log_out_ends_the_access_token_too(person: Any) -> None:
    token = person.tokens["refresh_token"]
    assert (await person.post("/auth/logout", {"refresh_token": token})).status_code == 204
    assert_ended(await person.get("/me"))
    assert (await refreshed(person, token)).status_code == 401


async def test_a_stolen_refresh_token_ends_the_session_with_all_its_tokens(person: Any) -> None:
    first = person.tokens["refresh_token"]
    answers = [await refreshed(person, first) for _ in range(2)]
    second = answers[0].json()["refresh_token"]
    assert answers[1].json()["refresh_token"] == second
    third = (await refreshed(person, second)).json()
    stolen = await refreshed(person, first)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "invalid_refresh_token")
    assert stolen.json()["field"] == "/refresh_token"
    assert (await refreshed(person, third["refresh_token"])).status_code == 401
    assert_ended(await person.get("/me", headers=bearing(third)))


async def test_a_live_stream_ends_with_its_session(person: Any) -> None:
    other = await logged_in_again(person)
    listed = (await person.get("/sessions")).json()["sessions"]
    ended = next(s["session_id"] for s in listed if not s["current"])
    async with asyncio.timeout(10), person.http.stream("GET", f"{API}/events", headers=bearing(other)) as stream:
        lines = stream.aiter_lines()
        async for line in lines:
            if line == "event: hello":
                break
        assert (await person.http.delete(f"{API}/sessions/{ended}")).status_code == 204
        began = time.perf_counter()
        rest = [line async for line in lines]
    # at once, not with the next heartbeat
    assert time.perf_counter() - began < 5
    assert not [line for line in rest if line.startswith("event:")]


async def test_the_link_to_a_file_ends_with_its_session() -> None:
    ended = EndedSessions(900, Hub())
    tokens = Tokens(b"k" * 32, 900, 21_600, ended)
    link = tokens.media("u", tokens.read_access(tokens.access("u", "s")), "v")
    assert tokens.read_media(link, "v").account == "u"
    ended.add("s", time.time())
    with pytest.raises(TokenError) as refused:
        tokens.read_media(link, "v")
    assert refused.value.code == "session_ended"
