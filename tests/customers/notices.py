"""Notices that the provider did not send: every way of forging one, as raw HTTP."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PATH = "/api/v1/webhooks/stripe"
MOST_BYTES = 1_500_000
LEAVES = "broken off"
"""Whose sender goes away in the middle."""
_ANSWER_S = 60.0
_REFUSED = frozenset({400, 429})
_NO_ROUTE = frozenset({404, 405})


@dataclass(frozen=True)
class Attempt:
    """One request as it goes over the wire, and what may be answered (0: the connection was closed)."""

    kind: str
    parts: tuple[bytes, ...]
    allowed: frozenset[int] = _REFUSED
    pause_s: float = 0.0


def signature(secret: bytes, body: bytes, at: float) -> str:
    """What the provider writes into its header."""
    digest = hmac.new(secret, f"{int(at)}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={int(at)},v1={digest}"


def notice(webhook_id: str, kind: str, object_id: str) -> bytes:
    """A body of the provider's form."""
    return json.dumps(
        {"id": webhook_id, "object": "event", "type": kind, "data": {"object": {"id": object_id}}}
    ).encode()


def request(
    body: bytes, sign: str | None = None, *, path: str = PATH, method: str = "POST", extra: tuple[str, ...] = ()
) -> bytes:
    """A whole request with the length it says."""
    return _head(sign, (*extra, f"Content-Length: {len(body)}"), path, method) + body


def _head(sign: str | None, extra: tuple[str, ...], path: str = PATH, method: str = "POST") -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: gateway",
        "Connection: close",
        "Content-Type: application/json",
        *extra,
    ]
    if sign is not None:
        lines.append(f"Stripe-Signature: {sign}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Forger:
    """Makes attempts. Only the ones called ``signed_...`` use the secret: even its holder cannot send nonsense."""

    def __init__(self, secret: bytes, draw: random.Random, object_id: str) -> None:
        self._secret, self._draw, self._object = secret, draw, object_id
        self.cheap: tuple[Callable[[], Attempt], ...] = (
            self.unsigned, self.guessed_secret, self.many_signatures, self.stale, self.from_the_future, self.truncated,
            self.broken_off, self.cut_signature, self.no_time, self.other_scheme, self.other_encoding, self.spliced,
            self.rewritten, self.chunked, self.chunked_lies, self.elsewhere, self.deep, self.signed_nonsense,
            self.huge_header,
        )  # fmt: skip
        self.large: tuple[Callable[[], Attempt], ...] = (
            self.signed_too_large, self.too_large, self.chunked_too_large, self.said_to_be_endless,
        )  # fmt: skip

    def _body(self) -> bytes:
        kinds = ("invoice.paid", "customer.subscription.deleted", "customer.subscription.updated", "charge.refunded")
        return notice(f"evt_forged{self._draw.getrandbits(64):x}", self._draw.choice(kinds), self._object)

    def _guess(self) -> bytes:
        return self._draw.choice((b"", b"whsec_", b"sk_test_sandbox", self._draw.randbytes(24)))

    def unsigned(self) -> Attempt:
        return Attempt("unsigned", (request(self._body(), self._draw.choice((None, "", "v1=00", ",", "t=,v1="))),))

    def guessed_secret(self) -> Attempt:
        body = self._body()
        return Attempt("guessed secret", (request(body, signature(self._guess(), body, time.time())),))

    def many_signatures(self) -> Attempt:
        """As while a secret is being exchanged, only that none of them is right."""
        body, more = self._body(), ",".join(f"v1={self._draw.getrandbits(256):064x}" for _ in range(20))
        return Attempt("many signatures", (request(body, f"{signature(self._guess(), body, time.time())},{more}"),))

    def stale(self) -> Attempt:
        body, age = self._body(), self._draw.choice((302, 3600, 86_400, 1e9))
        return Attempt("stale", (request(body, signature(self._secret, body, time.time() - age)),))

    def from_the_future(self) -> Attempt:
        body = self._body()
        return Attempt("from the future", (request(body, signature(self._secret, body, time.time() + 320)),))

    def truncated(self) -> Attempt:
        """The provider's own signature over more than what comes."""
        body = self._body()
        cut = body[: self._draw.randrange(len(body))]
        return Attempt("truncated", (request(cut, signature(self._secret, body, time.time())),))

    def broken_off(self) -> Attempt:
        """Signed rightly, and the connection ends within the body."""
        body = self._body()
        whole = request(body, signature(self._secret, body, time.time()))
        return Attempt(LEAVES, (whole[: -self._draw.randrange(1, len(body))],), frozenset({0, 400, 429}))

    def cut_signature(self) -> Attempt:
        body = self._body()
        right = signature(self._secret, body, time.time())
        return Attempt("cut signature", (request(body, right[: -self._draw.randrange(1, 64)]),))

    def no_time(self) -> Attempt:
        """The time is signed as well: without it, with two or with none that is a number, nothing fits."""
        body = self._body()
        moment, digest = signature(self._secret, body, time.time()).split(",")
        strange = (digest, f"{moment},{moment},{digest}", f"t=now,{digest}", f"t=-1,{digest}", f"t=\xb2,{digest}")
        return Attempt("no time", (request(body, self._draw.choice(strange)),))

    def other_scheme(self) -> Attempt:
        body = self._body()
        right = signature(self._secret, body, time.time())
        return Attempt("other scheme", (request(body, right.replace("v1=", self._draw.choice(("v0=", "v2=", "V1=")))),))

    def other_encoding(self) -> Attempt:
        """The signature of the text, and the text in another form."""
        body = self._body()
        right, text = signature(self._secret, body, time.time()), body.decode()
        forms = (text.encode("utf-16"), base64.b64encode(body), gzip.compress(body), b"\xef\xbb\xbf" + body)
        extra = self._draw.choice(((), ("Content-Encoding: gzip",), ("Content-Type: text/plain; charset=utf-16",)))
        return Attempt("other encoding", (request(self._draw.choice(forms), right, extra=extra),))

    def spliced(self) -> Attempt:
        """A signature that was seen on another notice."""
        return Attempt("spliced", (request(self._body(), signature(self._secret, self._body(), time.time())),))

    def rewritten(self) -> Attempt:
        """The same JSON, written otherwise: the signature is of the bytes."""
        body = self._body()
        other = json.dumps(json.loads(body), indent=1).encode()
        return Attempt("rewritten", (request(other, signature(self._secret, body, time.time())),))

    def chunked(self) -> Attempt:
        body = self._body()
        middle = self._draw.randrange(len(body))
        parts = tuple(_chunk(part) for part in (body[:middle], body[middle:]) if part)
        head = _head(signature(self._guess(), body, time.time()), ("Transfer-Encoding: chunked",))
        return Attempt("chunked", (head, *parts, b"0\r\n\r\n"))

    def chunked_lies(self) -> Attempt:
        """A length beside chunks, or chunks that are none: one request must not be read as two."""
        body = self._body()
        inner = request(body, signature(self._guess(), body, time.time()))
        extra = self._draw.choice(
            (("Transfer-Encoding: chunked", "Content-Length: 4"), ("Transfer-Encoding: chunked",))
        )
        tail = self._draw.choice((b"0\r\n\r\n" + inner, b"zz\r\n" + inner, b"-1\r\n" + inner))
        return Attempt("chunked lies", (_head("t=1,v1=0", extra), tail), frozenset({0, 400, 429}))

    def elsewhere(self) -> Attempt:
        """Signed rightly, to an address or by a method that is none."""
        body = self._body()
        paths = (
            "/api/v1/webhooks",
            "/api/v1/webhooks/",
            "/api/v1/webhooks/google",
            f"{PATH}/",
            "/api/v1/webhooks/STRIPE",
        )
        sign = signature(self._secret, body, time.time())
        if self._draw.random() < 0.5:
            return Attempt("elsewhere", (request(body, sign, path=self._draw.choice(paths)),), _NO_ROUTE)
        return Attempt(
            "elsewhere", (request(body, sign, method=self._draw.choice(("PUT", "PATCH", "DELETE"))),), _NO_ROUTE
        )

    def deep(self) -> Attempt:
        body = b'{"id":' * 20_000
        return Attempt("deep", (request(body, signature(self._secret, body, time.time())),))

    def signed_nonsense(self) -> Attempt:
        whole: dict[str, Any] = json.loads(self._body())
        strange: tuple[Any, ...] = (
            [], None, "text", 7, {}, {"id": "evt_1"}, whole | {"id": ""}, whole | {"id": 7}, whole | {"id": None},
            whole | {"id": "evt_\0"}, whole | {"id": "evt_" + "x" * 300}, whole | {"id": "evt_\ud800"},
            whole | {"type": "a b\n"}, whole | {"type": "x" * 300}, whole | {"data": []},
            whole | {"data": {"object": 7}},
            whole | {"data": {"object": {"id": {"a": 1}}}}, whole | {"data": {"object": {"id": "in_\0"}}},
            whole | {"data": {"object": {"id": "x" * 300}}},
        )  # fmt: skip
        body = json.dumps(self._draw.choice(strange)).encode()
        return Attempt("signed nonsense", (request(body, signature(self._secret, body, time.time())),))

    def huge_header(self) -> Attempt:
        body = self._body()
        sign = signature(self._guess(), body, time.time()) + ",v1=0" * 20_000
        return Attempt("huge header", (request(body, sign),), frozenset({0, 400, 429, 431}))

    def signed_too_large(self) -> Attempt:
        body = notice("evt_large", "invoice.paid", self._object)[:-1] + b" " * MOST_BYTES + b"}"
        return Attempt("signed, too large", (request(body, signature(self._secret, body, time.time())),), _TOO_LARGE)

    def too_large(self) -> Attempt:
        return Attempt("too large", (request(b"{" + b" " * MOST_BYTES),), _TOO_LARGE)

    def chunked_too_large(self) -> Attempt:
        """Nobody says how much comes."""
        head = _head("t=1,v1=0", ("Transfer-Encoding: chunked",))
        return Attempt("chunked, too large", (head, *[_chunk(b" " * 100_000)] * 17, b"0\r\n\r\n"), _TOO_LARGE)

    def said_to_be_endless(self) -> Attempt:
        """A terabyte is announced: answered before it comes."""
        head = _head("t=1,v1=0", (f"Content-Length: {10**12}",))
        return Attempt("said to be endless", (head, b" " * 1000), frozenset({413}))

    def slow(self, seconds: float, *, stays: bool) -> Attempt:
        """A byte now and then. Who stays is told at some time; who leaves leaves nothing behind."""
        body = self._body()
        head = _head(signature(self._secret, body, time.time()), (f"Content-Length: {len(body) + 10_000}",))
        drops = tuple(bytes([byte]) for byte in body[: int(seconds * 4)])
        if stays:
            return Attempt("slow", (head, *drops), frozenset({408}), 0.25)
        return Attempt(LEAVES, (head, *drops), frozenset({0, 400}), 0.25)


_TOO_LARGE = frozenset({413})


def _chunk(part: bytes) -> bytes:
    return f"{len(part):x}\r\n".encode() + part + b"\r\n"


async def send(port: int, attempt: Attempt, network_address: str = "127.0.0.1") -> int:
    """Put it on the wire from an address of this machine; the status of the answer, 0 if there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(network_address, 0))
    try:
        answered = asyncio.create_task(reader.readline())
        with contextlib.suppress(ConnectionError):
            await _write(writer, attempt, answered)
        if attempt.kind == LEAVES and writer.can_write_eof():
            writer.write_eof()
        line = await asyncio.wait_for(answered, _ANSWER_S)
        return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0
    except (ConnectionError, TimeoutError):
        return 0
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _write(writer: asyncio.StreamWriter, attempt: Attempt, answered: asyncio.Task[bytes]) -> None:
    for part in attempt.parts:
        if answered.done():
            return
        writer.write(part)
        await writer.drain()
        if attempt.pause_s:
            await asyncio.sleep(attempt.pause_s)
