"""Passwords and addresses: who sets them, which sessions end, and what a stranger cannot learn."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from ytempire.eventstore import new_id
from ytempire.gateway.adapters.known_passwords import is_known, known_words

API = "/api/v1"
PASSWORD = "correct horse 7 battery"
OTHER = "nine purple kettles sing"


async def log_in(who: Any, email: str, password: str) -> Any:
    return await who.http.post(f"{API}/auth/login", json={"email": email, "password": password})


def problem(answered: Any, status: int, code: str, field: str | None = None) -> None:
    assert answered.status_code == status, answered.text
    said = answered.json()
    assert (said["code"], said.get("field")) == (code, field), said


@pytest.mark.parametrize(
    "password",
    [
        "qwertyuiop",
        "Password2024!",
        "P@ssw0rd2024",
        "iloveyou1234",
        "1q2w3e4r5t",
        "trustno1trustno1",
        "letmeinletmein",
        "dragon123456789",
        "!!manchester!!",
        "abcdefghijkl",
        "ababababab",
    ],
)
def test_a_password_that_is_guessed_first_is_known(password: str) -> None:
    assert is_known(password)


@pytest.mark.parametrize("password", [PASSWORD, OTHER, "0f3a9c1b22de Quiet-River", "Tr4velling-By-Night", "x9#kQ2!mmZ"])
def test_a_password_that_is_not_is_not(password: str) -> None:
    assert not is_known(password)


def test_the_list_is_long_enough_to_matter() -> None:
    assert len(known_words()) >= 10_000


@pytest.mark.parametrize(("password", "says"), [("short", "10 characters"), ("Password2024!", "breaches")])
async def test_a_weak_password_is_refused_wherever_one_is_set(person: Any, password: str, says: str) -> None:
    for path, body, field in (
        ("/auth/verify", {"token": "t", "password": password}, "/password"),
        ("/auth/password/reset", {"token": "t", "password": password}, "/password"),
        ("/auth/password", {"old_password": PASSWORD, "new_password": password}, "/new_password"),
    ):
        answered = await person.post(path, body)
        problem(answered, 422, "weak_password", field)
        assert says in answered.json()["detail"]


async def test_a_sign_up_takes_no_password_so_none_of_a_stranger_can_be_activated(stranger: Any) -> None:
    body = {"email": stranger.email, "full_name": "Mara", "password": PASSWORD}
    problem(await stranger.post("/auth/signup", body), 422, "unknown_field", "/password")


async def test_a_verification_that_is_repeated_with_its_key_does_not_bring_an_old_password_back(person: Any) -> None:
    key, body = new_id(), {"old_password": PASSWORD, "new_password": OTHER}
    assert (await person.post("/auth/password", body, key)).status_code == 200
    third = "seven green lanterns sleep"
    assert (await person.post("/auth/password", {"old_password": OTHER, "new_password": third})).status_code == 200
    problem(await person.post("/auth/password", body, key), 422, "wrong_password", "/old_password")
    assert (await log_in(person, person.email, third)).status_code == 200


async def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(person: Any) -> None:
    other = (await log_in(person, person.email, PASSWORD)).json()["refresh_token"]
    problem(
        await person.post("/auth/password", {"old_password": "not it", "new_password": OTHER}),
        422,
        "wrong_password",
        "/old_password",
    )
    changed = await person.post("/auth/password", {"old_password": PASSWORD, "new_password": OTHER})
    assert changed.json()["status"] == "changed"
    assert (await log_in(person, person.email, PASSWORD)).status_code == 401
    assert (await log_in(person, person.email, OTHER)).status_code == 200
    ended = await person.http.post(f"{API}/auth/refresh", json={"refresh_token": other})
    assert ended.status_code == 401
    own = {"refresh_token": person.tokens["refresh_token"]}
    assert (await person.http.post(f"{API}/auth/refresh", json=own)).status_code == 200


async def test_a_forgotten_password_is_set_by_its_link_once_and_every_session_ends(person: Any, stranger: Any) -> None:
    assert (await stranger.post("/auth/password/forgot", {"email": person.email})).status_code == 202
    token = f"link-of-{person.user_id}"
    body = {"token": token, "password": OTHER}
    for _ in range(200):
        answered = await stranger.post("/auth/password/reset", body)
        if answered.status_code == 200:
            break
        await asyncio.sleep(0.02)
    assert answered.json() == {"status": "reset", "user_id": person.user_id}
    problem(await stranger.post("/auth/password/reset", body), 422, "used_token", "/token")
    own = {"refresh_token": person.tokens["refresh_token"]}
    assert (await person.http.post(f"{API}/auth/refresh", json=own)).status_code == 401
    assert (await log_in(stranger, person.email, PASSWORD)).status_code == 401
    assert (await log_in(stranger, person.email, OTHER)).status_code == 200


async def test_asking_for_a_link_is_answered_alike_for_every_address(person: Any, stranger: Any) -> None:
    said = set()
    for path in ("/auth/password/forgot", "/auth/verification/resend"):
        for email in (person.email, stranger.email):
            answered = await stranger.post(path, {"email": email})
            said.add((answered.status_code, answered.text))
    assert len(said) == 1
    assert answered.status_code == 202


async def test_an_address_changes_when_its_link_is_followed_by_who_is_logged_in(person: Any, stranger: Any) -> None:
    new = f"new-{person.email}"
    body = {"email": new, "password": "not it"}
    problem(await person.post("/auth/email", body), 422, "wrong_password", "/password")
    assert (await person.post("/auth/email", body | {"password": PASSWORD})).json()["status"] == "link_sent"
    assert (await log_in(person, new, PASSWORD)).status_code == 401
    assert (await stranger.post("/auth/email/confirm", {"token": f"confirm-{new}"})).status_code == 401
    problem(await person.post("/auth/email/confirm", {"token": "forged"}), 422, "unknown_token", "/token")
    assert (await person.post("/auth/email/confirm", {"token": f"confirm-{new}"})).json()["status"] == "changed"
    assert (await log_in(person, new, PASSWORD)).json()["user_id"] == person.user_id
    assert (await log_in(person, person.email, PASSWORD)).status_code == 401


async def test_no_password_and_no_hash_lies_in_the_log_and_none_waits_for_ever(person: Any) -> None:
    await person.post("/auth/password", {"old_password": PASSWORD, "new_password": OTHER})
    with psycopg.connect(person.platform.gateway_dsn) as connection:
        log = connection.execute("select coalesce(string_agg(data::text, ' '), '') from es.events").fetchone()
        waiting = connection.execute(
            "select count(*) from new_passwords where closed_at is not null and password_hash <> ''"
        ).fetchone()
    assert log is not None
    assert not [word for word in (PASSWORD, OTHER, "argon2", person.email) if word in log[0]]
    assert waiting == (0,)


async def test_whoever_found_an_open_session_cannot_try_one_password_after_the_other(person: Any) -> None:
    wrong = [{"old_password": f"guess number {number}", "new_password": OTHER} for number in range(12)]
    answers = await asyncio.gather(*(person.post("/auth/password", body) for body in wrong))
    said = sorted(answered.status_code for answered in answers)
    assert said == [422] * 8 + [429] * 4
    problem(
        await person.post("/auth/password", {"old_password": PASSWORD, "new_password": OTHER}),
        429,
        "too_many_attempts",
    )
