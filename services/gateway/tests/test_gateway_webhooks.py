"""Notices as nobody should send them, at the door itself."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

import psycopg
import pytest

from ytempire.eventstore import new_id
from ytempire.gateway.features.receive_webhook import ReceiveWebhook, check_signature
from ytempire.gateway.limits import Failures
from ytempire.gateway.problems import Problem

PATH = "/api/v1/webhooks/stripe"
SECRET = b"whsec_for_tests"


def signed(body: bytes, secret: bytes = SECRET, at: float | None = None) -> str:
    moment = int(time.time() if at is None else at)
    return f"t={moment},v1={hmac.new(secret, f'{moment}.'.encode() + body, hashlib.sha256).hexdigest()}"


def notice(**other: Any) -> bytes:
    whole = {"id": f"evt_{new_id().replace('-', '')}", "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}
    return json.dumps(whole | other).encode()


async def answered(stranger: Any, head: bytes, *parts: bytes) -> bytes:
    """The whole answer to a request written by hand."""
    address = urlsplit(stranger.platform.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: gateway\r\n".encode() + head + b"\r\n\r\n")
    for part in parts:
        writer.write(part)
    await writer.drain()
    said = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return said


@pytest.mark.parametrize(
    "other",
    [
        {"id": ""},
        {"id": 7},
        {"id": "evt_\0"},
        {"id": "evt_" + "x" * 300},
        {"id": "evt 1"},
        {"id": "evt.1"},
        {"type": "a b"},
        {"type": "x" * 101},
        {"data": {"object": {"id": "in_\0"}}},
        {"data": {"object": {"id": ["in_1"]}}},
        {"data": {"object": {"id": "x" * 256}}},
        {"data": []},
    ],
)
async def test_a_notice_that_is_signed_and_has_no_proper_names_is_refused(stranger: Any, other: dict[str, Any]) -> None:
    body = notice(**other)
    said = await stranger.http.post(PATH, content=body, headers={"Stripe-Signature": signed(body)})
    assert (said.status_code, said.json()["code"]) == (400, "malformed_webhook")


async def test_a_notice_about_nothing_with_an_id_is_recorded(stranger: Any) -> None:
    body = notice(data={"object": {"object": "balance"}})
    said = await stranger.http.post(PATH, content=body, headers={"Stripe-Signature": signed(body)})
    assert said.status_code == 200


async def test_while_secrets_are_exchanged_one_right_signature_is_enough(stranger: Any) -> None:
    body = notice()
    ours = signed(body)
    both = f"{ours},{signed(body, b'whsec_new').split(',')[1]}"
    for header in (both, ",".join((both.split(",")[0], both.split(",")[2], both.split(",")[1]))):
        said = await stranger.http.post(PATH, content=body, headers={"Stripe-Signature": header})
        assert said.status_code == 200
    with psycopg.connect(stranger.platform.gateway_dsn) as connection:
        found = connection.execute(
            "select count(*) from es.events where data->>'webhook_id' = %s", [json.loads(body)["id"]]
        ).fetchone()
    assert found == (1,)


async def test_without_a_secret_there_are_no_webhooks() -> None:
    class Clock:
        def now(self) -> datetime:
            return datetime.now(UTC)

    off = ReceiveWebhook(cast(Any, None), Clock(), b"", Failures(1))
    for header in ("", signed(b"{}", b"")):
        with pytest.raises(Problem) as caught:
            await off.stripe(b"{}", header, "127.0.0.1")
        assert (caught.value.status, caught.value.code) == (404, "not_found")


@pytest.mark.parametrize("moment", ["", "-1", "1.5", "\u00b2", "9" * 16, "9" * 5000, "now"])
def test_a_time_that_is_none_is_refused_before_anything_is_computed(moment: str) -> None:
    with pytest.raises(Problem) as caught:
        check_signature(SECRET, b"{}", f"t={moment},v1=00", time.time())
    assert caught.value.code == "invalid_signature"


async def test_a_body_that_does_not_come_is_not_waited_for(stranger: Any) -> None:
    began = time.monotonic()
    said = await answered(stranger, b"Content-Length: 100", b"{")
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"body_too_slow" in said
    assert time.monotonic() - began < 15


async def test_a_terabyte_that_is_announced_is_not_waited_for(stranger: Any) -> None:
    said = await answered(stranger, b"Content-Length: 1000000000000", b"{")
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in said.lower()


async def test_a_body_without_a_length_is_read_up_to_the_limit(stranger: Any) -> None:
    chunk = b"186a0\r\n" + b" " * 100_000 + b"\r\n"
    said = await answered(stranger, b"Transfer-Encoding: chunked", *[chunk] * 17, b"0\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 413 ")
