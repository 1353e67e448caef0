"""What strangers can leave behind, and what secrets leave behind: ``measure()``.

A whole journey runs on a platform of its own. Then thousands of notices come that the payment provider did not send,
with its own ones in between; and every secret of the journey is looked for in everything the platform wrote.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import orjson
from tests.customers import traces
from tests.customers.notices import Attempt, Forger, notice, request, send, signature

from ytempire.bus import NatsAccess, connect
from ytempire.bus.connection import messages_of
from ytempire.cli import detached
from ytempire.cli.embedded.nats import ADMIN, password_file
from ytempire.cli.plan import PlatformPlan, UpOptions
from ytempire.cli.running import plan_of
from ytempire.cli.testing import temporary_var
from ytempire.cli.timekeeper import Timekeeper
from ytempire.eventstore import derived_id

COUNT = 10_000
SEED = 20_261_128
_AT_ONCE = 25
_FROM_EACH_ADDRESS = 100
"""More than the wrong signatures an address may send: the last ones are told to wait."""
_LARGE_EVERY, _PAUSES = 100, 10
_GENUINE_KIND = "genuine"
_SEALED_HEADS = "LogHeadSealed.v1"
"""Services sign the state of their logs by the clock, whatever else happens."""


def measure(count: int = COUNT, *, whole: bool = True) -> dict[str, Any]:
    """Send ``count`` forged notices and search for the secrets of a journey.

    Returns: sent, answers (by kind), strange (answers that should not be), genuine (the provider's own notices that
    were recorded once, of how many), events (which the forged ones left in stores and streams), secrets (found
    anywhere), of how many in how many bytes, planted (the places where the search found what was put there for it),
    seconds.

    :param whole: with a video, and with a sender so slow that it is told to go.
    """
    began = time.monotonic()
    with temporary_var() as var:
        plan = plan_of(detached.start(UpOptions(var=var, port=0, clock="virtual", log_level="debug")))
        walk = traces.Walk(plan)
        try:
            walk.go(with_video=whole)
            flood = asyncio.run(_flooded(plan, walk, count, whole=whole))
            searched = asyncio.run(traces.searched(plan, walk))
        finally:
            walk.close()
            detached.stop(var)
    return {**flood, **searched, "seconds": round(time.monotonic() - began, 1)}


async def _flooded(plan: PlatformPlan, walk: traces.Walk, count: int, *, whole: bool) -> dict[str, Any]:
    """The forged notices, with the provider's between them."""
    Timekeeper(plan).settle(0)
    before = await _lengths(plan)
    secret = (plan.secrets_dir / "stripe.webhook.secret").read_bytes().strip()
    subscription = walk.journey.browser.get("/billing")["subscription"]["subscription_id"]
    forger = Forger(secret, random.Random(SEED), subscription)
    sender = _Sender(plan.http_port)
    slow = asyncio.create_task(sender.send(forger.slow(60 if whole else 2, stays=whole), "127.0.1.1"))
    theirs = await _between(plan, walk, sender, forger, count - 1, secret, subscription)
    await slow
    await asyncio.to_thread(Timekeeper(plan).settle, 0)
    caused = {derived_id("webhook", "stripe", webhook_id) for webhook_id in theirs}
    noticed, left = Counter[str](), 0
    for event in [*_stored(plan, before), *await _carried(plan, before)]:
        if event["type"] == "WebhookReceived.v1":
            noticed[event["data"]["webhook_id"]] += 1
        left += event["correlation"] not in caused and event["correlation"] not in walk.operations
    return {
        "sent": sum(sum(answers.values()) for kind, answers in sender.answers.items() if kind != _GENUINE_KIND),
        "answers": {kind: dict(answers) for kind, answers in sorted(sender.answers.items())},
        "strange": sender.strange,
        # once in the store, once on the stream
        "genuine": sum(noticed[webhook_id] == 2 for webhook_id in theirs),
        "of_genuine": len(theirs),
        "events": left,
    }


class _Sender:
    """Sends so many at a time, and keeps what was answered."""

    def __init__(self, port: int) -> None:
        self._port, self._gate = port, asyncio.Semaphore(_AT_ONCE)
        self.answers: dict[str, Counter[int]] = defaultdict(Counter)
        self.strange: list[str] = []

    async def send(self, attempt: Attempt, network_address: str) -> None:
        async with self._gate:
            status = await send(self._port, attempt, network_address)
        self.answers[attempt.kind][status] += 1
        if status not in attempt.allowed:
            self.strange.append(f"{attempt.kind}: {status}")


async def _between(
    plan: PlatformPlan, walk: traces.Walk, sender: _Sender, forger: Forger, count: int, secret: bytes, subscription: str
) -> set[str]:
    """Forge ``count`` times; after each tenth of it something happens at the provider. Returns its notices' ids."""
    theirs = set[str]()
    makers: list[Callable[[], Attempt]] = [
        forger.large[n // _LARGE_EVERY % len(forger.large)]
        if n % _LARGE_EVERY == 0
        else forger.cheap[n % len(forger.cheap)]
        for n in range(count)
    ]
    step = -(-count // _PAUSES)
    known = _events_at_stripe(plan)
    for begin in range(0, count, step):
        addresses = [f"127.0.{2 + n // 25_000}.{1 + n // _FROM_EACH_ADDRESS % 250}" for n in range(begin, begin + step)]
        forged = [sender.send(make(), a) for make, a in zip(makers[begin : begin + step], addresses, strict=False)]
        genuine = notice(f"evt_genuine{begin}", "customer.subscription.updated", subscription)
        ours = Attempt(_GENUINE_KIND, (request(genuine, signature(secret, genuine, time.time())),), frozenset({200}))
        again = [sender.send(ours, address) for address in {addresses[0], addresses[-1]}]
        await asyncio.gather(*forged, *again, asyncio.to_thread(walk.change_card))
        # from an address that was told to wait, and once more what came before
        await asyncio.gather(*(sender.send(ours, addresses[0]) for _ in range(3)))
        theirs.add(f"evt_genuine{begin}")
    return theirs | (_events_at_stripe(plan) - known)


def _events_at_stripe(plan: PlatformPlan) -> set[str]:
    """Every notice that the provider has sent, by its own list."""
    ids, last, key = set[str](), "", {"Authorization": "Bearer sk_test_sandbox"}
    with httpx.Client(verify=str(plan.ca_bundle), trust_env=False, headers=key) as http:
        while True:
            query = {"limit": "100", **({"starting_after": last} if last else {})}
            page = http.get(f"{plan.sandbox_url}/stripe/v1/events", params=query).raise_for_status().json()
            ids |= {event["id"] for event in page["data"]}
            if not page["has_more"]:
                return ids
            last = page["data"][-1]["id"]


async def _lengths(plan: PlatformPlan) -> dict[str, tuple[int, int]]:
    """The last position of each store and the last sequence of its stream."""
    lengths = {}
    client = await connect(NatsAccess(plan.nats_url, ADMIN, password_file(plan.secrets_dir, ADMIN)), "lengths")
    for service in plan.services:
        with traces.database(plan, service) as connection:
            row = connection.execute("select coalesce(max(position), 0) from es.events").fetchone()
        info = await client.jetstream().stream_info(f"EVT_{service.upper()}")
        lengths[service] = (row[0] if row else 0, info.state.last_seq)
    await client.close()
    return lengths


def _stored(plan: PlatformPlan, before: dict[str, tuple[int, int]]) -> Iterator[dict[str, Any]]:
    """What every store has had since then."""
    for service in plan.services:
        with traces.database(plan, service) as connection:
            found = connection.execute(
                "select type, data, meta->>'correlation' from es.events where position > %s and type <> %s",
                [before[service][0], _SEALED_HEADS],
            ).fetchall()
        for name, data, correlation in found:
            yield {"type": name, "data": data, "correlation": correlation}


async def _carried(plan: PlatformPlan, before: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
    """What every stream has had since then."""
    client = await connect(NatsAccess(plan.nats_url, ADMIN, password_file(plan.secrets_dir, ADMIN)), "carried")
    found = []
    for service in plan.services:
        async for message in messages_of(client.jetstream(), service, before[service][1] + 1):
            envelope = orjson.loads(message.data)
            if envelope["type"] != _SEALED_HEADS:
                told = {"type": envelope["type"], "data": envelope["data"]}
                found.append({**told, "correlation": envelope["correlationid"]})
    await client.close()
    return found


if __name__ == "__main__":
    print(orjson.dumps(measure(), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())
