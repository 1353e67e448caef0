"""A customer's browser: the gateway's public API, and the pages of the outside world it is sent to."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from ytempire.cli.plan import PlatformPlan
from ytempire.cli.problems import PlatformProblem

_TIMEOUT_S = 60.0
_POLL_S = 0.1
_OUTAGE_S = 60.0
"""How long a request is repeated while the gateway restarts; the same key makes that safe."""

Json = dict[str, Any]


class Refused(Exception):
    """The gateway answered with a problem document."""

    def __init__(self, problem: Json) -> None:
        super().__init__(str(problem.get("detail", problem)))
        self.problem = problem

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))


class Browser:
    """One person's browser. Every write carries an idempotency key and is repeated with it after a lost answer."""

    def __init__(self, plan: PlatformPlan) -> None:
        self.base, self.sandbox = plan.public_url, plan.sandbox_url
        self.http = httpx.Client(
            base_url=plan.public_url, timeout=_TIMEOUT_S, headers={"Accept": "application/json"}, trust_env=False
        )
        self.outside = httpx.Client(verify=str(plan.ca_bundle), timeout=_TIMEOUT_S, trust_env=False)

    def close(self) -> None:
        self.http.close()
        self.outside.close()

    def log_in(self, email: str, password: str) -> None:
        granted = self.post("/auth/login", {"email": email, "password": password})
        self.http.headers["Authorization"] = f"Bearer {granted['access_token']}"

    def get(self, path: str, **query: Any) -> Json:
        return self._answer(lambda: self.http.get(f"/api/v1{path}", params=query))

    def post(self, path: str, body: Json) -> Json:
        """Post and, where the answer is "not decided yet", follow the operation to its end.

        Raises `Refused` with the problem document.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            answered = self._send(lambda: self.http.post(f"/api/v1{path}", json=body, headers=headers))
            if answered.status_code != httpx.codes.ACCEPTED or "location" not in answered.headers:
                return _body(answered)
            if time.monotonic() > deadline:
                raise PlatformProblem(f"{path} was not decided within {_TIMEOUT_S:.0f} s.")
            time.sleep(_POLL_S)

    def follow_google(self, consent_url: str, account: str, channel: str) -> Json:
        """Approve on Google's consent page and return to the gateway with what Google sends."""
        self.outside.get(consent_url).raise_for_status()
        answered = self.outside.post(
            consent_url, data={"account": account, "channel": channel, "action": "approve"}, follow_redirects=False
        )
        if answered.status_code != httpx.codes.FOUND:
            raise PlatformProblem(f"The consent page answered {answered.status_code}: {answered.text[:200]}")
        back = urlsplit(answered.headers["location"])
        query = {name: values[0] for name, values in parse_qs(back.query).items()}
        return self._answer(lambda: self.http.get(back.path, params=query))

    def until(self, read: Callable[[], Json | None], what: str, seconds: float = _TIMEOUT_S) -> Json:
        """Ask again until there is an answer. Raises `PlatformProblem` that says what did not happen."""
        deadline = time.monotonic() + seconds
        while True:
            found = read()
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise PlatformProblem(f"{what} did not happen within {seconds:.0f} s: see the files in var/log.")
            time.sleep(_POLL_S)

    def _answer(self, request: Callable[[], httpx.Response]) -> Json:
        return _body(self._send(request))

    def _send(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        deadline = time.monotonic() + _OUTAGE_S
        while True:
            try:
                answered = request()
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)
                continue
            if answered.status_code in (502, 503) and time.monotonic() < deadline:
                time.sleep(_POLL_S)
                continue
            return answered


def _body(answered: httpx.Response) -> Json:
    if answered.status_code >= httpx.codes.BAD_REQUEST:
        try:
            raise Refused(answered.json())
        except ValueError:
            raise Refused({"detail": answered.text[:300], "code": str(answered.status_code)}) from None
    return dict(answered.json()) if answered.content else {}
