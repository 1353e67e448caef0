"""The second factor: switched on by a code, asked for at log-in, each code good once, nothing of it in the open."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pyotp
import pytest

from ytempire.gateway.adapters import codes
from ytempire.gateway.adapters.tokens import HalfLogIn, TokenError, Tokens

LOG_IN, LOG_IN_CODE, FACTOR = "/auth/login", "/auth/login/code", "/auth/second-factor"
PASSWORD = "correct horse 7 battery"


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(time.time(), counter_offset=steps)


def refused(answered: Any, status: int, code: str, field: str | None = None) -> None:
    assert answered.status_code == status, answered.text
    said = answered.json()
    assert (said["code"], said.get("field")) == (code, field)
    assert said["detail"].endswith(".")


class Guarded:
    """Somebody whose second factor is switched on."""

    def __init__(self, person: Any, secret: str, recovery: list[str]) -> None:
        self.person, self.secret, self.recovery = person, secret, recovery

    async def password_given(self) -> str:
        answered = await self.person.http.post(
            f"/api/v1{LOG_IN}", json={"email": self.person.email, "password": PASSWORD}
        )
        assert answered.status_code == 200, answered.text
        said = answered.json()
        assert said["status"] == "second_factor_required"
        assert "access_token" not in said
        assert "set-cookie" not in answered.headers
        return str(said["challenge"])

    async def code_given(self, challenge: str, code: str) -> Any:
        return await self.person.http.post(f"/api/v1{LOG_IN_CODE}", json={"challenge": challenge, "code": code})


async def enrolled(person: Any) -> str:
    answered = await person.post(FACTOR, {"password": PASSWORD, "label": "mara@example.com"})
    assert answered.status_code == 201, answered.text
    return str(answered.json()["secret"])


@pytest.fixture
async def guard(new_person: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Guarded]]:
    async def make() -> Guarded:
        person = await new_person()
        secret = await enrolled(person)
        confirmed = await person.post(f"{FACTOR}/confirm", {"code": code_of(secret)})
        assert confirmed.status_code == 200, confirmed.text
        return Guarded(person, secret, confirmed.json()["recovery_codes"])

    return make


async def test_it_is_in_force_only_after_its_first_code(person: Any) -> None:
    answered = await person.post(FACTOR, {"password": PASSWORD, "label": "mara@example.com"})
    begun = answered.json()
    assert re.fullmatch("[A-Z2-7]{32}", begun["secret"])
    assert begun["otpauth_uri"] == (
        f"otpauth://totp/YTEMPIRE:mara%40example.com?secret={begun['secret']}&issuer=YTEMPIRE"
    )
    credentials = {"email": person.email, "password": PASSWORD}
    assert "access_token" in (await person.http.post(f"/api/v1{LOG_IN}", json=credentials)).json()
    refused(await person.post(f"{FACTOR}/confirm", {"code": "000000"}), 422, "wrong_code", "/code")
    assert (await person.get(FACTOR)).json() == {"on": False, "recovery_codes_left": 0}
    # a secret that was shown before and not confirmed is void
    again = await enrolled(person)
    refused(await person.post(f"{FACTOR}/confirm", {"code": code_of(begun["secret"])}), 422, "wrong_code", "/code")
    confirmed = await person.post(f"{FACTOR}/confirm", {"code": code_of(again)})
    assert len(set(confirmed.json()["recovery_codes"])) == 10
    assert (await person.get(FACTOR)).json() == {"on": True, "recovery_codes_left": 10}
    refused(await person.post(f"{FACTOR}/confirm", {"code": code_of(again, 1)}), 409, "nothing_to_confirm")
    refused(await person.post(FACTOR, {"password": PASSWORD}), 409, "second_factor_on")


async def test_a_log_in_needs_a_code_and_a_code_works_once(guard: Callable[[], Awaitable[Guarded]]) -> None:
    mara = await guard()
    challenge = await mara.password_given()
    code = code_of(mara.secret, 1)
    answered = await mara.code_given(challenge, code)
    assert answered.status_code == 200, answered.text
    bearer = {"Authorization": f"Bearer {answered.json()['access_token']}"}
    assert (await mara.person.get("/me", headers=bearer)).status_code == 200
    assert "ytempire_device" in answered.headers["set-cookie"]
    # the same code, an older one, the one it was switched on with
    for used in (code, code_of(mara.secret)):
        refused(await mara.code_given(await mara.password_given(), used), 401, "wrong_code", "/code")
    # one challenge begins one session
    refused(await mara.code_given(challenge, mara.recovery[0]), 401, "challenge_over", "/challenge")


async def test_many_who_send_one_code_at_once_get_one_session(guard: Callable[[], Awaitable[Guarded]]) -> None:
    mara = await guard()
    for code in (code_of(mara.secret, 1), mara.recovery[0]):
        challenges = [await mara.password_given() for _ in range(3)]
        answers = await asyncio.gather(*(mara.code_given(challenge, code) for challenge in challenges))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


async def test_a_recovery_code_works_once_however_it_is_written(guard: Callable[[], Awaitable[Guarded]]) -> None:
    mara = await guard()
    written = f" {mara.recovery[3].upper().replace('-', ' ')} "
    assert (await mara.code_given(await mara.password_given(), written)).status_code == 200
    refused(await mara.code_given(await mara.password_given(), mara.recovery[3]), 401, "wrong_code", "/code")
    assert (await mara.person.get(FACTOR)).json() == {"on": True, "recovery_codes_left": 9}


async def test_codes_cannot_be_guessed(guard: Callable[[], Awaitable[Guarded]]) -> None:
    mara = await guard()
    mara.person.http.cookies.clear()
    challenge = await mara.password_given()
    guesses = await asyncio.gather(*(mara.code_given(challenge, f"{n:06}") for n in range(30)))
    assert sorted(guess.status_code for guess in guesses) == [401] * 5 + [429] * 25
    # another challenge brings no more guesses, and the right code waits, too
    waits = await mara.code_given(await mara.password_given(), mara.recovery[0])
    refused(waits, 429, "too_many_attempts")
    assert int(waits.headers["retry-after"]) > 0


async def test_guesses_elsewhere_do_not_hold_up_a_known_device(guard: Callable[[], Awaitable[Guarded]]) -> None:
    mara = await guard()
    known = dict(mara.person.http.cookies)
    mara.person.http.cookies.clear()
    challenge = await mara.password_given()
    for n in range(8):
        await mara.code_given(challenge, f"{n:06}")
    mara.person.http.cookies.update(known)
    assert (await mara.code_given(await mara.password_given(), mara.recovery[0])).status_code == 200


async def test_switching_off_needs_password_and_code(guard: Callable[[], Awaitable[Guarded]]) -> None:
    mara = await guard()
    off = f"{FACTOR}/off"
    wrong = {"password": "not the password", "code": mara.recovery[0]}
    refused(await mara.person.post(off, wrong), 422, "wrong_password", "/password")
    refused(await mara.person.post(off, {"password": PASSWORD, "code": "000000"}), 422, "wrong_code", "/code")
    assert (await mara.person.get(FACTOR)).json() == {"on": True, "recovery_codes_left": 10}
    assert (await mara.person.post(off, {"password": PASSWORD, "code": mara.recovery[0]})).status_code == 204
    assert (await mara.person.get(FACTOR)).json() == {"on": False, "recovery_codes_left": 0}
    credentials = {"email": mara.person.email, "password": PASSWORD}
    assert "access_token" in (await mara.person.http.post(f"/api/v1{LOG_IN}", json=credentials)).json()
    refused(await mara.person.post(off, {"password": PASSWORD, "code": mara.recovery[1]}), 409, "second_factor_off")


async def test_new_recovery_codes_end_the_old_ones(guard: Callable[[], Awaitable[Guarded]]) -> None:
    mara = await guard()
    renewed = await mara.person.post(f"{FACTOR}/codes", {"password": PASSWORD, "code": mara.recovery[0]})
    fresh = renewed.json()["recovery_codes"]
    assert not set(fresh) & set(mara.recovery)
    refused(await mara.code_given(await mara.password_given(), mara.recovery[1]), 401, "wrong_code", "/code")
    assert (await mara.code_given(await mara.password_given(), fresh[0])).status_code == 200


async def test_a_password_cannot_be_guessed_with_a_stolen_access_token(person: Any) -> None:
    guesses = [await person.post(FACTOR, {"password": f"guess {n}"}) for n in range(9)]
    assert [guess.status_code for guess in guesses] == [422] * 8 + [429]
    refused(guesses[0], 422, "wrong_password", "/password")
    refused(guesses[-1], 429, "too_many_attempts")


async def test_nothing_of_it_lies_open_in_tables_events_or_log_files(guard: Callable[[], Awaitable[Guarded]]) -> None:
    mara = await guard()
    challenge, code = await mara.password_given(), code_of(mara.secret, 1)
    assert (await mara.code_given(challenge, code)).status_code == 200
    secrets = [mara.secret, challenge, *mara.recovery, *(codes.plain(one) for one in mara.recovery)]
    platform = mara.person.platform
    with psycopg.connect(platform.gateway_dsn) as connection:
        tables = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema') and has_table_privilege("
            "format('%I.%I', schemaname, tablename), 'select')"
        ).fetchall()
        written = " ".join(
            str(row) for (table,) in tables for row in connection.execute(f"select t::text from {table} t".encode())
        )
    assert mara.person.user_id in written
    written += platform.log.read_text()
    assert not [secret for secret in secrets if secret in written]


async def test_a_challenge_is_good_for_log_in_alone() -> None:
    tokens = Tokens(b"k" * 32, 900, 900)
    half = HalfLogIn("u", "s", "digest", None)
    challenge = tokens.challenge(half)
    assert tokens.read_challenge(challenge) == half
    for read in (
        lambda: tokens.read_access(challenge),
        lambda: tokens.read_media(challenge, "v"),
        lambda: tokens.read_challenge(tokens.access("u", "s")),
        lambda: Tokens(b"x" * 32, 900, 900).read_challenge(challenge),
    ):
        with pytest.raises(TokenError):
            read()


async def test_a_forged_challenge_is_refused(stranger: Any) -> None:
    given = {"challenge": "forged", "code": "123456"}
    refused(await stranger.http.post(f"/api/v1{LOG_IN_CODE}", json=given), 401, "challenge_over", "/challenge")
