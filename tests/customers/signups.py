"""Two hundred who sign up at once, half of them with one address, and what a stranger learns of who has an account:
``measure()``.

All through the doors of a running platform. The answers to a taken and to a free address are compared word by word, the
times they took by a rank test; taken and free ones alternate at random, so that whatever else slows the machine slows
both. Every request comes from a network of its own, as those of strangers do.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from tests.customers.rank import rank_test

from ytempire.cli import detached
from ytempire.cli.plan import PlatformPlan, UpOptions
from ytempire.cli.running import plan_of
from ytempire.cli.testing import temporary_var
from ytempire.cli.timekeeper import Timekeeper

SIGN_UPS, TIMED = 200, 100
PASSWORD = "seven purple lanterns sing"
_MAIL_S = 120.0
_TOGETHER = 20
_numbers = count(1)

Ask = Callable[[str], tuple[str, dict[str, str]]]
"""Path and body of a request about an address."""

QUESTIONS: dict[str, Ask] = {
    "signup": lambda email: ("/auth/signup", {"email": email, "full_name": "Ada Operator"}),
    "login": lambda email: ("/auth/login", {"email": email, "password": "a guess of a stranger"}),
    "forgot": lambda email: ("/auth/password/forgot", {"email": email}),
    "resend": lambda email: ("/auth/verification/resend", {"email": email}),
}


class Doors:
    """The gateway as strangers from many networks reach it."""

    def __init__(self, plan: PlatformPlan) -> None:
        self._url = plan.public_url

    def open(self) -> httpx.Client:
        """A client at an address nobody used before; all of 127.0.0.0/8 is this machine."""
        number = next(_numbers)
        transport = httpx.HTTPTransport(local_address=f"127.{number >> 8 & 255}.{number & 255}.2")
        return httpx.Client(base_url=self._url, transport=transport, timeout=120, trust_env=False)


def measure(sign_ups: int = SIGN_UPS, timed: int = TIMED) -> dict[str, Any]:
    """Accounts and addresses, how many kinds of answer there were, and how alike the times are (see ``run``)."""
    with temporary_var() as var:
        plan = plan_of(detached.start(UpOptions(var=var, port=0, clock="virtual", log_level="warning")))
        try:
            return run(plan, sign_ups, timed)
        finally:
            detached.stop(var)


def run(plan: PlatformPlan, sign_ups: int, timed: int) -> dict[str, Any]:
    """``answers`` is the most kinds of answer that one question got; ``p`` is the sign-ups', ``p_all`` the least of
    all questions' p, corrected for their number (Bonferroni), so that it falls below a level by chance no more often
    than one of them alone would.
    """
    own = [_address() for _ in range(sign_ups - sign_ups // 2)]
    shared = [_address()] * (sign_ups // 2)
    doors, emails = Doors(plan), random.sample([*own, *shared], sign_ups)
    answers: dict[str, set[tuple[int, str]]] = {name: set() for name in QUESTIONS}
    answers["signup"] |= {answer for answer, _ in _at_once(doors, "signup", emails)}
    accounts = _accounts(plan, doors, sorted(set(emails)))
    Timekeeper(plan).settle(0)
    times = {name: _compared(plan, doors, name, own, timed, answers[name]) for name in QUESTIONS}
    single = {f"p_{name}": rank_test(*pair) for name, pair in times.items()}
    return {
        "accounts": len(accounts),
        "addresses": len(set(emails)),
        "answers": max(len(kinds) for kinds in answers.values()),
        "p": single["p_signup"],
        "p_all": min(1.0, min(single.values()) * len(single)),
        **single,
        "medians_ms": {name: tuple(round(_median(side) * 1000, 2) for side in pair) for name, pair in times.items()},
        "kinds": {name: sorted(kinds) for name, kinds in answers.items() if len(kinds) > 1},
    }


def _address() -> str:
    return f"{uuid.uuid4().hex}@example.com"


def _asked(client: httpx.Client, name: str, email: str) -> tuple[tuple[int, str], float]:
    path, body = QUESTIONS[name](email)
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    began = time.perf_counter()
    answered = client.post(f"/api/v1{path}", json=body, headers=headers)
    return (answered.status_code, answered.text), time.perf_counter() - began


def _at_once(doors: Doors, name: str, emails: Sequence[str]) -> list[tuple[tuple[int, str], float]]:
    def one(email: str) -> tuple[tuple[int, str], float]:
        with doors.open() as client:
            return _asked(client, name, email)

    with ThreadPoolExecutor(len(emails)) as pool:
        return list(pool.map(one, emails))


def _accounts(plan: PlatformPlan, doors: Doors, emails: Sequence[str]) -> set[str]:
    """Follow every link that came, all of an address at once; the accounts that can be logged in to afterwards."""
    with httpx.Client(base_url=plan.sandbox_url, verify=str(plan.ca_bundle), timeout=60, trust_env=False) as sandbox:
        links = [(email, token) for email in emails for token in _tokens(sandbox, email)]

    def follow(link: tuple[str, str]) -> str | None:
        email, token = link
        with doors.open() as client:
            body = {"token": token, "password": PASSWORD}
            headers = {"Idempotency-Key": str(uuid.uuid4())}
            while True:
                answered = client.post("/api/v1/auth/verify", json=body, headers=headers)
                if answered.status_code not in (202, 503):
                    break
                time.sleep(0.2)
            if answered.status_code != httpx.codes.OK:
                return None
            granted = client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
            assert granted.json().get("user_id") == answered.json()["user_id"], granted.text
            return str(answered.json()["user_id"])

    with ThreadPoolExecutor(_TOGETHER) as pool:
        return {user_id for user_id in pool.map(follow, links) if user_id}


def _tokens(sandbox: httpx.Client, email: str) -> list[str]:
    """Of the links that were sent to an address, once the first has come."""
    deadline = time.monotonic() + _MAIL_S
    while True:
        listed = sandbox.get("/inbox/messages", params={"to": email}).raise_for_status().json()
        messages = listed["messages"] if isinstance(listed, dict) else listed
        found = [sandbox.get(f"/inbox/messages/{message['id']}").json() for message in messages]
        links = {link for message in found for link in message["links"] if "/verify?token=" in link}
        if links:
            return [parse_qs(urlsplit(link).query)["token"][0] for link in sorted(links)]
        if time.monotonic() > deadline:
            raise AssertionError(f"no link came to {email} within {_MAIL_S:.0f} s")
        time.sleep(0.2)


def _compared(
    plan: PlatformPlan, doors: Doors, name: str, taken: Sequence[str], timed: int, answers: set[tuple[int, str]]
) -> tuple[list[float], list[float]]:
    """How long each answer took, for taken and for free addresses; no address is asked about twice."""
    asked = [(email, True) for email in random.sample(list(taken), min(timed, len(taken)))]
    asked += [(_address(), False) for _ in range(len(asked))]
    random.shuffle(asked)
    times: dict[bool, list[float]] = {True: [], False: []}
    for email, is_taken in asked:
        with doors.open() as client:
            client.get("/livez")  # the connection is made before it counts
            answer, seconds = _asked(client, name, email)
        answers.add(answer)
        times[is_taken].append(seconds)
    Timekeeper(plan).settle(0)
    return times[True], times[False]


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    for key, value in measure().items():
        print(f"{key:<10} {value}")
