"""Logging in: guesses are slowed, and no stranger can close an account to its owner."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from ytempire.eventstore import new_id
from ytempire.gateway.adapters.passwords import ArgonPasswords
from ytempire.gateway.features.attempts import LogInLimits
from ytempire.gateway.http.identity import network_address
from ytempire.gateway.limits import Attempts
from ytempire.gateway.problems import Problem

LOG_IN = "/api/v1/auth/login"
PASSWORD = "correct horse 7 battery"
DEVICE = "ytempire_device"


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def limits(clock: Clock) -> LogInLimits:
    return LogInLimits(
        here=Attempts(8, 900, clock),
        network=Attempts(60, 15, clock),
        everywhere=Attempts(30, 300, clock),
        device=Attempts(8, 900, clock),
    )


def tries(limits: LogInLimits, *where: str | None, times: int = 1) -> int:
    """How many of the attempts may be made, all of them failing."""
    made = 0
    for _ in range(times):
        with contextlib.suppress(Problem):
            limits.begin(*where)
            made += 1
    return made


def test_the_wait_doubles_after_the_free_attempts_and_is_over_in_time() -> None:
    clock = Clock()
    attempts = Attempts(3, 900, clock)
    waits = []
    for _ in range(14):
        attempts.take("k")
        waits.append(attempts.wait_s("k"))
        clock.seconds += waits[-1]
    assert waits[:4] == [0, 0, 10, 20]
    assert waits == sorted(waits)
    assert waits[-3:] == [900] * 3
    assert attempts.wait_s("other") == 0
    clock.seconds += 20 * 900
    attempts.take("k")
    assert attempts.wait_s("k") == 0


@given(st.lists(st.floats(0, 2000), min_size=1, max_size=200))
def test_however_attempts_are_timed_no_more_pass_than_were_promised(pauses: list[float]) -> None:
    clock = Clock()
    attempts, passed = Attempts(5, 300, clock), 0
    for pause in pauses:
        clock.seconds += pause
        if attempts.wait_s("k") == 0:
            attempts.take("k")
            passed += 1
    # five waits lead from ten seconds to the longest
    assert passed <= 5 + 5 + 1 + clock.seconds / 300


@given(st.lists(st.booleans(), max_size=60))
def test_an_attempt_that_succeeds_leaves_the_others_counted(outcomes: list[bool]) -> None:
    clock = Clock()
    attempts, failed = Attempts(100, 1e9, clock), 0
    for right in outcomes:
        attempts.take("k")
        if right:
            attempts.give_back("k")
        else:
            failed += 1
    left = 0
    while attempts.wait_s("k") == 0 and left < 200:
        attempts.take("k")
        left += 1
    assert left == 100 - failed


def test_a_stranger_closes_an_address_to_himself_alone() -> None:
    guarded = limits(Clock())
    assert tries(guarded, "mara", "stranger", None, times=100) == 8
    assert tries(guarded, "mara", "her network", None) == 1
    assert tries(guarded, "mara", "stranger", "her device") == 1
    assert tries(guarded, "else", "stranger", None) == 1


def test_a_guess_spread_over_many_networks_is_slowed_and_does_not_reach_known_devices() -> None:
    clock = Clock()
    guarded, passed = limits(clock), 0
    for hour in range(24):
        for number in range(500):
            passed += tries(guarded, "mara", f"network {hour} {number}", None)
            clock.seconds += 7.2
    assert passed <= 30 + 10 + 24 * 12
    assert tries(guarded, "mara", "any", "her device", times=8) == 8


def test_one_network_that_tries_many_addresses_is_slowed() -> None:
    guarded = limits(Clock())
    assert sum(tries(guarded, f"address {n}", "one", None) for n in range(200)) == 60
    assert tries(guarded, "address", "another", None) == 1


def test_a_known_device_has_a_limit_of_its_own() -> None:
    assert tries(limits(Clock()), "mara", "home", "stolen laptop", times=100) == 8


def test_who_knows_the_password_has_no_failures_here_but_forgives_no_others() -> None:
    guarded = limits(Clock())
    tries(guarded, "mara", "home", None, times=7)
    guarded.begin("mara", "home", None).succeeded()
    assert tries(guarded, "mara", "home", None, times=8) == 8
    # 7 and 8 failures are counted for the address and the network; the success is not
    assert sum(tries(guarded, "mara", f"network {n}", None) for n in range(100)) == 30 - 15
    assert sum(tries(guarded, f"address {n}", "home", None) for n in range(100)) == 60 - 15


def test_an_attempt_that_was_not_made_is_not_counted() -> None:
    guarded = limits(Clock())
    for _ in range(100):
        guarded.begin("mara", "home", None).not_made()
    assert tries(guarded, "mara", "home", None, times=100) == 8


async def test_what_would_wait_too_long_for_its_turn_is_refused() -> None:
    passwords = ArgonPasswords(5)
    kept = await passwords.hash("correct horse")
    answers = await asyncio.gather(
        *(passwords.verify("correct horse", kept) for _ in range(50)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, Problem)]
    assert answers.count(True) == 5
    assert len(refused) == 45
    assert {(r.status, r.code, r.headers["Retry-After"]) for r in refused} == {(503, "busy", "3")}
    assert await passwords.verify("correct horse", kept)


def test_who_has_a_whole_network_of_addresses_has_one_limit() -> None:
    counted = {
        network_address(Request({"type": "http", "client": (f"2001:db8:0:1::{n:x}", 50_000 + n), "headers": []}))
        for n in range(1, 200)
    }
    assert counted == {"2001:db8:0:1::/64"}


Visit = Callable[[str], Any]


@pytest.fixture
def visit(platform: Any) -> Visit:
    """A browser without cookies in a network of its own: loopback has sixteen million addresses."""

    @asynccontextmanager
    async def open_(address: str) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.AsyncHTTPTransport(local_address=address)
        async with httpx.AsyncClient(transport=transport, base_url=platform.url, timeout=20) as http:
            yield http

    return open_


def key() -> dict[str, str]:
    return {"Idempotency-Key": new_id()}


def credentials(email: str, password: str = PASSWORD, **more: str) -> dict[str, str]:
    return {"email": email, "password": password, **more}


async def test_unknown_addresses_and_wrong_passwords_fail_alike(person: Any, visit: Visit) -> None:
    async with visit("127.0.1.1") as stranger:
        said = [
            await stranger.post(LOG_IN, json=credentials(email, "not the password"))
            for email in [person.email, f"{new_id()}@example.com"] * 10
        ]
    for mine, unknown in zip(said[::2], said[1::2], strict=True):
        assert mine.status_code == unknown.status_code
        assert mine.json()["code"] == unknown.json()["code"]
        assert set(mine.headers) == set(unknown.headers)
    assert [answer.status_code for answer in said[::2]] == [401] * 8 + [429] * 2
    assert said[0].json() == said[1].json()
    assert said[-1].json()["code"] == "too_many_attempts"
    assert 0 < int(said[-1].headers["retry-after"]) <= 10


async def test_wrong_passwords_of_a_stranger_do_not_keep_the_owner_out(person: Any, visit: Visit) -> None:
    async with visit("127.0.1.2") as stranger:
        wrong = credentials(person.email, "not the password")
        answers = await asyncio.gather(*(stranger.post(LOG_IN, json=wrong) for _ in range(40)))
        # forty at once: no more of them are tried than one after the other
        assert sorted(answer.status_code for answer in answers) == [401] * 8 + [429] * 32
        assert (await stranger.post(LOG_IN, json=credentials(person.email))).status_code == 429
        # the owner's device behind the same address, then a new one elsewhere
        known = credentials(person.email, device_token=person.http.cookies[DEVICE])
        assert (await stranger.post(LOG_IN, json=known)).status_code == 200
    async with visit("127.0.1.3") as elsewhere:
        assert (await elsewhere.post(LOG_IN, json=credentials(person.email))).status_code == 200


async def test_a_guess_from_many_networks_does_not_keep_out_a_device_that_is_known(person: Any, visit: Visit) -> None:
    for number in range(30):
        async with visit(f"127.0.2.{number + 1}") as stranger:
            answered = await stranger.post(LOG_IN, json=credentials(person.email, "not the password"))
            assert answered.status_code == 401
    async with visit("127.0.2.99") as stranger:
        assert (await stranger.post(LOG_IN, json=credentials(person.email, "a guess"))).status_code == 429
        forged = credentials(person.email, device_token="forged")
        assert (await stranger.post(LOG_IN, json=forged)).status_code == 429
    assert (await person.http.post(LOG_IN, json=credentials(person.email))).status_code == 200


async def test_who_has_the_mailbox_gets_in_at_a_new_device_while_strangers_guess(person: Any, visit: Visit) -> None:
    for number in range(30):
        async with visit(f"127.0.3.{number + 1}") as stranger:
            await stranger.post(LOG_IN, json=credentials(person.email, "not the password"))
    async with visit("127.0.3.99") as new_device:
        assert (await new_device.post(LOG_IN, json=credentials(person.email))).status_code == 429
        await new_device.post("/api/v1/auth/password/forgot", json={"email": person.email}, headers=key())
        token, password = f"link-of-{person.user_id}", "nine purple kettles sing"
        async with asyncio.timeout(10):
            while True:
                body = {"token": token, "password": password}
                answered = await new_device.post("/api/v1/auth/password/reset", json=body, headers=key())
                if answered.status_code == 200:
                    break
                await asyncio.sleep(0.02)
        assert (await new_device.post(LOG_IN, json=credentials(person.email, password))).status_code == 200
    # what was known before is not any more: it may have been a thief's
    with psycopg.connect(person.platform.gateway_dsn) as connection:
        known = connection.execute("select count(*) from known_devices where user_id = %s", [person.user_id])
        assert known.fetchone() == (1,)


async def test_a_device_is_known_to_the_account_it_logged_in_to(person: Any, new_person: Any, visit: Visit) -> None:
    other = await new_person()
    theirs = other.http.cookies[DEVICE]
    async with visit("127.0.1.4") as stranger:
        for _ in range(8):
            await stranger.post(LOG_IN, json=credentials(person.email, "not the password"))
        borrowed = credentials(person.email, device_token=theirs)
        assert (await stranger.post(LOG_IN, json=borrowed)).status_code == 429
    async with visit("127.0.1.5") as elsewhere:
        answered = await elsewhere.post(LOG_IN, json=borrowed)
        assert answered.status_code == 200
        # what somebody else may have planted is not taken over
        assert answered.cookies[DEVICE] != theirs
    again = await person.http.post(LOG_IN, json=credentials(person.email))
    assert again.cookies[DEVICE] == person.http.cookies[DEVICE]


async def test_one_person_cannot_begin_sessions_without_end(person: Any) -> None:
    for _ in range(120):
        answered = await person.http.post(LOG_IN, json=credentials(person.email))
        if answered.status_code != 200:
            break
    assert (answered.status_code, answered.json()["code"]) == (429, "too_many_requests")
    assert (await person.get("/me")).status_code == 200


async def test_the_device_cookie_cannot_be_read_by_scripts_and_its_token_is_not_kept(person: Any) -> None:
    answered = await person.http.post(LOG_IN, json=credentials(person.email))
    cookie = answered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/api/v1/auth/" in cookie
    token = answered.cookies[DEVICE]
    assert token not in answered.text
    with psycopg.connect(person.platform.gateway_dsn) as connection:
        kept = connection.execute("select * from known_devices").fetchall()
    assert kept
    assert token not in str(kept)
