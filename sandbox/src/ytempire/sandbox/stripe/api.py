"""What every Stripe call goes through: key, parameters, idempotency, dispatch, expansion, error envelope."""

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

from ytempire.sandbox.journal import note
from ytempire.sandbox.stripe.errors import StripeError, invalid
from ytempire.sandbox.stripe.forms import Params, decode
from ytempire.sandbox.stripe.objects import Doc, Objects, new_id
from ytempire.sandbox.world import World

log = logging.getLogger(__name__)

API_VERSION = "2026-10-28.endive"
IDEMPOTENCY = "stripe.idempotency"
MOST_KEY = 255


@dataclass(frozen=True)
class Call:
    """One request as a handler sees it."""

    params: Params
    ids: dict[str, str]
    request_id: str
    idempotency_key: str | None


Handler = Callable[[Call], Doc]


@dataclass
class Routes:
    """The table of paths below ``/v1``."""

    entries: list[tuple[str, re.Pattern[str], Handler]] = field(default_factory=list)

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Register ``GET /customers/{id}`` and the like."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        self.entries.append((method, re.compile(pattern), handler))
        # /invoices/create_preview goes before /invoices/{id}: fewer ids in a path, earlier its turn.
        self.entries.sort(key=lambda entry: entry[1].groups)

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]]:
        """The handler and the ids in the path; raises a 501 for what Stripe may know and this stand-in does not."""
        for known, pattern, handler in self.entries:
            found = pattern.fullmatch(path) if known == method else None
            if found:
                return handler, found.groupdict()
        text = f"{method} /v1{path} is not implemented: the sandbox's README has the table of calls that are."
        raise StripeError(501, "api_error", text, code="not_implemented")


@dataclass(frozen=True)
class Answer:
    """Status, body and extra headers."""

    status: int
    body: Doc
    replayed: bool = False


class Api:
    """Serves requests from a table of routes."""

    def __init__(self, world: World, objects: Objects, routes: Routes) -> None:
        self._world, self._objects, self._routes = world, objects, routes
        self._busy: set[str] = set()

    async def serve(self, request: Request, path: str) -> JSONResponse:
        """Answer one request; no failure leaves the envelope."""
        request_id = new_id("req_")
        key = request.headers.get("idempotency-key")
        note(request, request_id=request_id)
        if key:
            note(request, idempotency_key=key)
        try:
            answer = await self._answer(request, path, request_id, key)
        except StripeError as error:
            answer = _failure(error, request_id)
        except Exception:
            log.exception("%s /v1%s failed", request.method, path)
            text = "An error of the sandbox itself; its log has the details."
            answer = _failure(StripeError(500, "api_error", text), request_id)
        note(request, **_summary(answer))
        headers = {"request-id": request_id, "stripe-version": request.headers.get("stripe-version", API_VERSION)}
        if key:
            headers["idempotency-key"] = key
        if answer.status == 501:
            headers["stripe-should-retry"] = "false"
        if answer.replayed:
            headers["idempotent-replayed"] = "true"
        return JSONResponse(answer.body, answer.status, headers=headers)

    async def _answer(self, request: Request, path: str, request_id: str, key: str | None) -> Answer:
        _authenticate(request)
        params = Params(decode(await _text(request)))
        handler, ids = self._routes.find(request.method, path)
        call = Call(params, ids, request_id, key)
        if key is None or request.method != "POST":
            return self._perform(handler, call)
        return await self._once(request, path, handler, call, key)

    async def _once(self, request: Request, path: str, handler: Handler, call: Call, key: str) -> Answer:
        """The first answer to a key is the answer for ever; the same key with other parameters is refused."""
        if len(key) > MOST_KEY:
            raise invalid("Idempotency keys may be at most 255 characters long.")
        content = json.dumps([request.method, path, call.params.values], sort_keys=True)
        print_ = hashlib.sha256(content.encode()).hexdigest()
        kept = self._world.store.get(IDEMPOTENCY, key)
        if kept is not None:
            if kept["fingerprint"] != print_:
                text = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used "
                    f"with. Try using a key other than '{key}' if you meant to execute a different request."
                )
                raise StripeError(400, "idempotency_error", text)
            return Answer(kept["status"], kept["body"], replayed=True)
        if key in self._busy:
            text = "There is currently another in-progress request using this Idempotent Key."
            raise StripeError(409, "invalid_request_error", text, code="idempotency_key_in_use")
        self._busy.add(key)
        try:
            slow = self._world.faults.switched("stripe", "slow", request.method, f"/v1{path}")
            if slow:
                await asyncio.sleep(slow.delay_s)
            return self._perform(handler, call, key, print_)
        finally:
            self._busy.discard(key)

    def _perform(self, handler: Handler, call: Call, key: str = "", fingerprint: str = "") -> Answer:
        """Effect and remembered answer are kept together, so that a killed process never forgets one of them."""
        with self._world.store.transaction():
            self._objects.origin = {"id": call.request_id, "idempotency_key": call.idempotency_key}
            try:
                body = handler(call)
                answer = Answer(200, self._objects.show(body, call.params.texts("expand")))
            except StripeError as error:
                if not error.kept:
                    raise
                answer = _failure(error, call.request_id)
            finally:
                self._objects.origin = {"id": None, "idempotency_key": None}
            if key:
                kept = {"fingerprint": fingerprint, "status": answer.status, "body": answer.body}
                self._world.store.put(IDEMPOTENCY, key, kept)
        return answer


def _failure(error: StripeError, request_id: str) -> Answer:
    url = f"https://dashboard.stripe.com/test/logs/{request_id}"
    return Answer(error.status, {"error": {**error.error, "request_log_url": url}})


def _summary(answer: Answer) -> dict[str, Any]:
    """What the journal may know of an answer: never secrets or personal data."""
    error = answer.body.get("error")
    if isinstance(error, dict):
        return {"error": error.get("code") or error["type"]}
    detail = {"object": answer.body.get("object"), "id": answer.body.get("id"), "replayed": answer.replayed or None}
    return {name: value for name, value in detail.items() if value is not None}


def _authenticate(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        text = "You did not provide an API key. Provide it in the Authorization header, using Bearer auth."
        raise StripeError(401, "invalid_request_error", text)
    if not key.startswith(("sk_test_", "rk_test_")) or key.endswith("_invalid"):
        raise StripeError(401, "invalid_request_error", f"Invalid API Key provided: {key[:8]}****")


async def _text(request: Request) -> str:
    if request.method in ("GET", "DELETE") and request.url.query:
        return request.url.query
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise invalid("The body of the request is not UTF-8.") from error
