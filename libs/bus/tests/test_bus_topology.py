"""Topology: what differs between code and server is found, told and made good; nothing is removed unasked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, StreamConfig

from ytempire.bus import NatsAccess, connect, topology
from ytempire.bus.topology import Durable, stream_of
from ytempire.cli.testing import NatsAccess as RunningNats

STREAM = stream_of("support")
ORDERED = Durable(STREAM, "gateway__projections__support__3", ("yt.support.*.*.3",), ordered=True)
WORK = Durable(STREAM, "publisher__work__support", ("yt.support.TicketOpened.v1.*", "yt.support.TicketResolved.v1.*"))
DURABLES = [ORDERED, WORK]


@pytest.fixture
async def jetstream(nats_server: RunningNats) -> AsyncIterator[JetStreamContext]:
    client = await connect(NatsAccess(nats_server.url, "admin", nats_server.password_file("admin")), "admin")
    jetstream = client.jetstream()
    await topology.apply(jetstream)
    await jetstream.delete_stream(STREAM)
    for stream in topology.streams():
        if stream.name != STREAM:
            for info in await jetstream.consumers_info(str(stream.name)):
                await jetstream.delete_consumer(str(stream.name), info.name)
    yield jetstream
    await client.close()


async def told(jetstream: JetStreamContext) -> list[str]:
    return [str(change) for change in await topology.plan(jetstream, DURABLES)]


async def test_what_is_missing_is_planned_and_made_and_then_nothing_is_left_to_do(jetstream: JetStreamContext) -> None:
    names = [STREAM, f"{STREAM}/{ORDERED.name}", f"{STREAM}/{WORK.name}"]
    changes = await topology.plan(jetstream, DURABLES)
    assert [str(change) for change in changes] == [f"create {name}" for name in names]
    assert await topology.carry_out(jetstream, changes) == [f"created {name}" for name in names]
    assert await told(jetstream) == []


async def test_a_drifted_durable_is_told_with_its_settings_and_corrected(jetstream: JetStreamContext) -> None:
    await topology.carry_out(jetstream, await topology.plan(jetstream, DURABLES))
    drifted = WORK.config()
    drifted.max_ack_pending, drifted.filter_subjects = 7, ["yt.support.TicketOpened.v1.*"]
    await jetstream.add_consumer(STREAM, drifted)
    assert await told(jetstream) == [
        f"update {STREAM}/{WORK.name}\n"
        f"    filter_subjects: {WORK.filters[0]} -> {WORK.filters[0]}, {WORK.filters[1]}\n"
        "    max_ack_pending: 7 -> 64"
    ]
    await topology.carry_out(jetstream, await topology.plan(jetstream, DURABLES))
    assert await told(jetstream) == []


async def test_what_cannot_be_changed_in_place_is_replaced_only_when_asked(jetstream: JetStreamContext) -> None:
    await topology.carry_out(jetstream, await topology.plan(jetstream, DURABLES))
    await jetstream.delete_consumer(STREAM, ORDERED.name)
    await jetstream.add_consumer(STREAM, replace(ORDERED, ordered=False).config())
    (change,) = await topology.plan(jetstream, DURABLES)
    assert (change.action, change.details[0]) == ("replace", "ack_policy: explicit -> all")
    (left,) = await topology.carry_out(jetstream, [change])
    assert left.startswith("left ")
    assert await topology.carry_out(jetstream, [change], remove=True) == [f"replaced {STREAM}/{ORDERED.name}"]
    assert (await jetstream.consumer_info(STREAM, ORDERED.name)).config.ack_policy == AckPolicy.ALL
    assert await told(jetstream) == []


async def test_what_the_code_does_not_know_is_named_and_removed_only_when_asked(jetstream: JetStreamContext) -> None:
    await topology.carry_out(jetstream, await topology.plan(jetstream, DURABLES))
    await jetstream.add_consumer(STREAM, replace(WORK, name="former__work__support").config())
    await jetstream.add_stream(StreamConfig(name="STRAY", subjects=["stray.>"]))
    changes = await topology.plan(jetstream, DURABLES)
    assert [str(change) for change in changes] == [f"remove {STREAM}/former__work__support", "remove STRAY"]
    assert all(line.startswith("left ") for line in await topology.carry_out(jetstream, changes))
    assert await topology.plan(jetstream, DURABLES) == changes
    await topology.carry_out(jetstream, changes, remove=True)
    assert await told(jetstream) == []
