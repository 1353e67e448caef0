"""The service on a real PostgreSQL: foreign events in, own events and read models out."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PrivateKey
from sqlalchemy import Table, select

import ytempire.support
from ytempire.bus import NatsAccess, connect
from ytempire.bus import signal as send_signal
from ytempire.chassis import Opener, Sealer
from ytempire.chassis.telemetry import traced
from ytempire.cli import testing
from ytempire.cli.testing import ServiceDatabaseFactory, until
from ytempire.events import SERVICES, Envelope, Event, Money
from ytempire.events.billing import EntitlementsChanged, LedgerDifferenceChanged
from ytempire.events.gateway import TicketRequested, VideoRequested
from ytempire.events.media import (
    QualityAssessed,
    VideoAccepted,
    VideoRejected,
    VideoRenderFailed,
    VideoStageCompleted,
)
from ytempire.events.publisher import PublicationVerified, VideoPublished, VideoPublishFailed, VideoScheduled
from ytempire.events.signals import ServiceHeartbeat
from ytempire.events.support import (
    AlertRaised,
    AlertResolved,
    HealthChanged,
    TicketEscalated,
    TicketOpened,
    TicketRejected,
    TicketReplied,
)
from ytempire.events.values import QualityFinding
from ytempire.eventstore import (
    Delivery,
    EventStore,
    Handlers,
    MessageContext,
    ReadModels,
    TransientError,
    handling,
    new_id,
)
from ytempire.eventstore.audit import verify
from ytempire.eventstore.filling import Carried
from ytempire.eventstore.migrate import upgrade
from ytempire.eventstore.shadow import rebuild
from ytempire.eventstore.tasks import end
from ytempire.eventstore.timers import TimerRunner
from ytempire.eventstore.tracking import apply_own
from ytempire.eventstore.vault import Vault
from ytempire.eventstore.workers import Reactor
from ytempire.support.adapters.heartbeats import NatsHeartbeats
from ytempire.support.adapters.phrase_tables import load_tables
from ytempire.support.domain import job
from ytempire.support.domain.events import TicketTextKept
from ytempire.support.features.check_response import CheckResponse
from ytempire.support.features.follow_customer import FollowCustomer
from ytempire.support.features.follow_job import FollowJob
from ytempire.support.features.open_ticket import OpenTicket
from ytempire.support.features.watch_health import WatchHealth
from ytempire.support.features.watch_ledger import WatchLedger
from ytempire.support.projections import PROJECTIONS, TICKETS
from ytempire.support.projections.health import HEALTH, alerts, health
from ytempire.support.projections.jobs import JOBS, jobs
from ytempire.support.projections.tickets import tickets
from ytempire.support.reactions import reactions
from ytempire.support.subscribers import subscriptions

MIGRATIONS = Path(ytempire.support.__file__).parents[3] / "migrations"
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CHANNEL = new_id()


@dataclass
class Running:
    """The service's parts, driven by hand."""

    store: EventStore
    models: ReadModels
    vault: Vault
    sealer: Sealer
    handlers: Handlers
    clock: list[datetime]
    number: int = field(default=0)

    async def deliver(self, event: Event, *, attempt: int = 9, id: str | None = None) -> str:
        """Hand over a foreign event as the bus does; returns its id, to deliver it again."""
        self.number += 1
        envelope = Envelope(
            id=id or new_id(),
            source=f"/ytempire/{event.owner}",
            type=event.type_name(),
            subject="a-stream",
            time=self.clock[0] + timedelta(seconds=self.number),
            data=event.model_dump(mode="json"),
            tenantid=str(getattr(event, "user_id", "platform")),
            correlationid="c",
            causationid="c",
            position=self.number,
            streamversion=1,
        )
        with handling(MessageContext.of(envelope)):
            await self.handlers[type(event)](event, Delivery(envelope, "support__work", attempt))
        return envelope.id

    async def ask(
        self, user: str, subject: str, message: str = "Please help.", video_id: str | None = None, **how: Any
    ) -> Event:
        """Send a ticket and return the last event it led to before its answer: opened or rejected."""
        ticket_id = new_id()
        text = {"subject": subject, "message": message}
        sealed = self.sealer.seal("support", text, self.clock[0], timedelta(days=7))
        await self.deliver(TicketRequested(ticket_id=ticket_id, user_id=user, video_id=video_id, sealed=sealed), **how)
        return await self.outcome(ticket_id)

    async def outcome(self, ticket_id: str) -> Event:
        said = [record.event for record in await self.store.load(f"ticket-{ticket_id}")]
        return next(event for event in said if isinstance(event, TicketOpened | TicketRejected))

    async def publish(self, user: str, video: str) -> None:
        who = {"video_id": video, "user_id": user, "channel_id": CHANNEL}
        await self.finish(user, video)
        await self.deliver(VideoScheduled(**who, publish_at=self.clock[0], privacy="public"))
        await self.deliver(
            VideoPublished(
                **who,
                platform_video_id="yt-1",
                url="https://youtube.example/yt-1",
                privacy="public",
                published_at=self.clock[0],
            )
        )
        await self.deliver(
            PublicationVerified(**who, platform_video_id="yt-1", verified=True, privacy="public", differences=())
        )

    async def finish(self, user: str, video: str) -> None:
        who = {"video_id": video, "user_id": user, "channel_id": CHANNEL}
        await self.deliver(VideoRequested(**who, brief="Secret facts."))
        await self.deliver(VideoAccepted(**who, length_s=60))
        for stage, percent in (("script", 10), ("render", 90), ("quality", 98)):
            await self.deliver(VideoStageCompleted(**who, stage=stage, percent=percent))
        finding = QualityFinding(code="near_static", severity="warning", message="4 s without motion")
        await self.deliver(QualityAssessed(**who, passed=True, findings=(finding,), lufs=-14.0, true_peak_dbtp=-1.5))

    async def project(self) -> None:
        """Bring the read models level with the log."""
        head = (await self.store.head()).position
        records = await self.store.read(0, head)
        for projection in PROJECTIONS:
            await apply_own(self.models, projection, records, 0, head)

    async def rows(self, projection: Any, table: Table) -> Sequence[Any]:
        async with self.models.reading(projection) as connection:
            return (await connection.execute(select(table))).all()

    async def said(self, kind: type[Event]) -> list[Event]:
        return [record.event for record in await self.store.read(0) if record.type == kind.type_name()]


@pytest.fixture
async def running(service_database: ServiceDatabaseFactory, tmp_path: Path) -> AsyncIterator[Running]:
    database, clock = service_database("support"), [START]
    key = PrivateKey.generate()
    (tmp_path / "support.seal.key").write_bytes(base64.b64encode(bytes(key)))
    (tmp_path / "support.seal.pub").write_bytes(base64.b64encode(bytes(key.public_key)))
    await asyncio.to_thread(upgrade, MIGRATIONS, database.owner_dsn, application_role="support")
    store = EventStore("support", database.dsn, lambda: clock[0])
    models = ReadModels("support", database.dsn, PROJECTIONS)
    tables = load_tables()
    async with AsyncExitStack() as stack:
        await store.open()
        stack.push_async_callback(store.close)
        stack.push_async_callback(models.close)
        await models.install()
        kek = os.urandom(32)
        vault = Vault(store.pool, lambda: [kek])
        opening = OpenTicket(
            store, vault, Opener(tmp_path, "support"), tables.phrases, tables.signals, lambda: clock[0]
        )
        handlers = subscriptions(opening, FollowJob(store), FollowCustomer(store), WatchLedger(store))
        yield Running(store, models, vault, Sealer(tmp_path), handlers, clock)


async def test_my_video_has_no_sound(running: Running) -> None:
    user, video = new_id(), new_id()
    await running.publish(user, video)
    opened = await running.ask(user, "My video has no sound", "Nothing to hear on YouTube.", video)
    assert isinstance(opened, TicketOpened)
    assert (opened.category, opened.priority, opened.status) == ("technical_issue", "high", "open")
    assert opened.auto_response == "no_sound"
    assert opened.estimated_response_at == START + timedelta(hours=4)
    assert opened.job is not None
    assert (opened.job.video_id, opened.job.status, opened.job.stage) == (video, "published", "quality")
    assert (opened.job.platform_video_id, opened.job.lufs) == ("yt-1", -14.0)
    assert "sound: -14.0 LUFS integrated, -1.5 dBTP true peak" in opened.job.findings
    (reply,) = await running.said(TicketReplied)
    assert reply == TicketReplied(ticket_id=opened.ticket_id, user_id=user, template="no_sound", automatic=True)
    assert {record.meta["tenant"] for record in await running.store.read(0)} == {user}


async def test_without_a_video_id_the_newest_fitting_video_is_attached(running: Running) -> None:
    user, published, newer = new_id(), new_id(), new_id()
    await running.publish(user, published)
    await running.deliver(VideoRequested(video_id=newer, user_id=user, channel_id=CHANNEL))
    opened = await running.ask(user, "My video has no sound")
    assert isinstance(opened, TicketOpened)
    assert opened.job is not None
    assert opened.job.video_id == published


async def test_a_ticket_about_no_video_carries_none(running: Running) -> None:
    user = new_id()
    await running.publish(user, new_id())
    opened = await running.ask(user, "Invoice", "Where can I find the invoice for March?")
    assert isinstance(opened, TicketOpened)
    assert (opened.job, opened.status, opened.auto_response) == (None, "resolved", "billing_invoice")


async def test_a_failed_job_raises_the_priority_and_says_why(running: Running) -> None:
    user, video = new_id(), new_id()
    who = {"video_id": video, "user_id": user, "channel_id": CHANNEL}
    await running.deliver(VideoRequested(**who))
    await running.deliver(VideoRenderFailed(**who, stage="narration", code="voice_missing", message="No voice."))
    opened = await running.ask(user, "Rendering failed", "What happened to it?")
    assert isinstance(opened, TicketOpened)
    assert opened.job is not None
    assert (opened.priority, opened.auto_response) == ("high", "video_failed")
    assert (opened.job.status, opened.job.stage, opened.job.findings) == (
        "failed",
        "narration",
        ("voice_missing: No voice.",),
    )


async def test_a_customer_of_the_largest_plan_is_urgent(running: Running) -> None:
    user, video = new_id(), new_id()
    await running.publish(user, video)
    await running.deliver(EntitlementsChanged(user_id=user, plan="scale", active=True, channels=25, videos_per_day=75))
    opened = await running.ask(user, "My video has no sound", video_id=video)
    assert isinstance(opened, TicketOpened)
    assert opened.priority == "urgent"
    assert len(await running.said(TicketEscalated)) == 1


async def test_the_texts_are_kept_encrypted_and_can_be_erased(running: Running) -> None:
    user = new_id()
    opened = await running.ask(user, "Purple elephants", "They dance on my dashboard.")
    assert isinstance(opened, TicketOpened)
    log = " ".join(str(record.data) for record in await running.store.read(0))
    assert "Purple" not in log
    assert "dance" not in log
    (kept,) = await running.said(TicketTextKept)
    assert isinstance(kept, TicketTextKept)
    assert await running.vault.decrypt(user, "subject", kept.subject) == "Purple elephants"
    assert await running.vault.decrypt(user, "message", kept.message) == "They dance on my dashboard."
    await running.vault.erase(user)
    assert await running.vault.decrypt(user, "message", kept.message) == "[erased]"


async def test_a_video_of_somebody_else_is_not_found(running: Running) -> None:
    owner, stranger, video = new_id(), new_id(), new_id()
    await running.publish(owner, video)
    rejected = await running.ask(stranger, "My video has no sound", video_id=video, attempt=1)
    assert isinstance(rejected, TicketRejected)
    assert (rejected.code, rejected.field) == ("video_not_found", "video_id")


async def test_an_unknown_video_is_waited_for_and_then_refused(running: Running) -> None:
    user, video = new_id(), new_id()
    with pytest.raises(TransientError):
        await running.ask(user, "No sound", video_id=video, attempt=1)
    assert await running.store.read(0) == []
    rejected = await running.ask(user, "No sound", video_id=video, attempt=6)
    assert isinstance(rejected, TicketRejected)
    await running.deliver(VideoRequested(video_id=video, user_id=user, channel_id=CHANNEL))
    assert isinstance(await running.ask(user, "No sound", video_id=video, attempt=1), TicketOpened)


@pytest.mark.parametrize(
    ("subject", "message", "field"),
    [("  ", "text", "subject"), ("x" * 201, "text", "subject"), ("x", " ", "message"), ("x", "y" * 10_001, "message")],
)
async def test_bad_texts_are_refused_by_field(running: Running, subject: str, message: str, field: str) -> None:
    rejected = await running.ask(new_id(), subject, message)
    assert isinstance(rejected, TicketRejected)
    assert rejected.field == field
    assert [record.type for record in await running.store.read(0)] == ["TicketRejected.v1"]


async def test_a_seal_that_expired_is_told_to_the_customer(running: Running) -> None:
    ticket_id, user = new_id(), new_id()
    sealed = running.sealer.seal("support", {"subject": "a", "message": "b"}, START, timedelta(minutes=1))
    running.clock[0] = START + timedelta(hours=1)
    await running.deliver(TicketRequested(ticket_id=ticket_id, user_id=user, sealed=sealed))
    rejected = await running.outcome(ticket_id)
    assert isinstance(rejected, TicketRejected)
    assert rejected.code == "text_expired"


async def test_a_request_that_comes_twice_opens_one_ticket(running: Running) -> None:
    ticket_id, user = new_id(), new_id()
    text = {"subject": "Idea", "message": "Please add a dark mode."}
    sealed = running.sealer.seal("support", text, START, timedelta(days=7))
    event = TicketRequested(ticket_id=ticket_id, user_id=user, sealed=sealed)
    first = await running.deliver(event)
    await running.deliver(event, id=first)
    await running.deliver(event)
    assert len(await running.said(TicketOpened)) == 1


async def test_facts_of_one_video_may_come_at_once(running: Running) -> None:
    user, video = new_id(), new_id()
    who = {"video_id": video, "user_id": user, "channel_id": CHANNEL}
    facts = [
        VideoRequested(**who),
        VideoAccepted(**who, length_s=60),
        VideoRejected(video_id=video, user_id=user, code="x", field="y", message="z"),
        *(VideoStageCompleted(**who, stage=str(n), percent=n) for n in (10, 90)),
    ]
    await asyncio.gather(*(running.deliver(fact) for fact in facts))
    state, _ = await running.store.state(job.JOB, job.stream(video))
    assert state.status == "refused"


async def test_an_answer_that_is_late_is_escalated(running: Running) -> None:
    opened = await running.ask(new_id(), "Error 500", "The dashboard does not load.")
    assert isinstance(opened, TicketOpened)
    assert opened.priority == "normal"
    (reaction,) = reactions(CheckResponse(running.store))
    tasks = [
        asyncio.create_task(TimerRunner(running.store, ()).run()),
        asyncio.create_task(Reactor(running.store, reaction, traced).run()),
    ]
    try:
        running.clock[0] = opened.estimated_response_at - timedelta(seconds=1)
        await asyncio.sleep(0.2)
        assert await running.said(TicketEscalated) == []
        running.clock[0] = opened.estimated_response_at

        async def escalated() -> bool:
            return bool(await running.said(TicketEscalated))

        await until(escalated)
    finally:
        await end(tasks)
    assert await running.said(TicketEscalated) == [
        TicketEscalated(ticket_id=opened.ticket_id, user_id=opened.user_id, priority="high")
    ]


async def test_the_read_models(running: Running) -> None:
    user, video, failed = new_id(), new_id(), new_id()
    await running.publish(user, video)
    who = {"video_id": failed, "user_id": user, "channel_id": CHANNEL}
    await running.deliver(VideoPublishFailed(**who, code="quota", message="No quota."))
    await running.deliver(VideoScheduled(**who, publish_at=START, privacy="public"))
    await running.ask(user, "My video has no sound", video_id=video)
    await running.project()
    (ticket,) = await running.rows(TICKETS, tickets)
    assert (ticket.category, ticket.topic, ticket.priority) == ("technical_issue", "no_sound", "high")
    assert (ticket.status, ticket.video_id, ticket.reasons) == ("open", video, ["published_video_affected"])
    shown = {row.video_id: row for row in await running.rows(JOBS, jobs)}
    assert (shown[video].status, shown[video].lufs, shown[video].verified) == ("published", -14.0, True)
    for video_id, row in shown.items():
        state, _ = await running.store.state(job.JOB, job.stream(video_id))
        assert row.status == state.status


async def test_the_log_is_sound_and_the_read_models_can_be_rebuilt(running: Running) -> None:
    user, video = new_id(), new_id()
    await running.publish(user, video)
    await running.ask(user, "My video has no sound", video_id=video)
    await WatchHealth(running.store, Silent()).tick()
    await watch(running.store, Silent(), [0.0, 61.0])
    await running.project()

    async def nothing(_: str, first: int) -> AsyncIterator[Carried]:
        return
        yield

    for projection in PROJECTIONS:
        rebuilt = await rebuild(running.store, running.models, projection, nothing)
        assert rebuilt.equal, rebuilt.differences
        assert rebuilt.rows > 0
    assert (await verify(running.store)).findings == []


@dataclass
class Silent:
    """Heartbeats of a platform in which only some services live."""

    last: dict[str, float] = field(default_factory=dict)
    listening: bool = True


async def watch(store: EventStore, beats: Any, times: Sequence[float]) -> None:
    """Look at each of these seconds, with a look in between so that our own process counts as awake."""
    clock = [times[0]]
    watching = WatchHealth(store, beats, lambda: clock[0])
    for second in times[1:]:
        while clock[0] < second:
            clock[0] = min(clock[0] + 10, second)
            await watching.tick()


async def test_silence_is_told_once_after_the_grace(running: Running) -> None:
    alive = Silent(dict.fromkeys(SERVICES, 1000.0))
    alive.last["media"] = 20.0
    await watch(running.store, alive, [0.0, 59.0])
    assert await running.said(HealthChanged) == []
    await watch(running.store, alive, [0.0, 64.0])
    assert await running.said(HealthChanged) == []
    await watch(running.store, alive, [0.0, 66.0, 200.0])
    assert await running.said(HealthChanged) == [HealthChanged(healthy_percent=86, unhealthy=("media",))]
    alive.last["media"] = 1000.0
    await watch(running.store, alive, [0.0, 70.0])
    await running.project()
    (row,) = await running.rows(HEALTH, health)
    assert (row.healthy_percent, row.unhealthy) == (100, [])
    (alert,) = await running.rows(HEALTH, alerts)
    assert (alert.level, alert.resolved_at) == ("warning", START)


async def test_nobody_is_blamed_while_we_could_not_listen(running: Running) -> None:
    nobody = Silent(listening=False)
    await watch(running.store, nobody, [0.0, 300.0])
    nobody.listening = True
    clock = [0.0]
    watching = WatchHealth(running.store, nobody, lambda: clock[0])
    for second in (50.0, 100.0, 150.0):
        # each look comes so late that our own process must have stood still
        clock[0] = second
        await watching.tick()
    assert await running.said(HealthChanged) == []


async def test_heartbeats_are_heard_over_nats(running: Running, nats_server: testing.NatsAccess) -> None:
    access = NatsAccess(nats_server.url, "support", nats_server.password_file("support"))
    client = await connect(access, "support-test")
    try:
        beats = NatsHeartbeats(client)
        await beats.listen()
        await client.publish("signal.heartbeat.media", b"no heartbeat")
        for service in (*SERVICES, "stranger"):
            await send_signal(client, f"heartbeat.{service}", ServiceHeartbeat(service=service, at=START, position=1))
        await client.flush()

        async def heard() -> bool:
            return set(beats.last) == set(SERVICES)

        await until(heard)
        assert beats.listening
        await WatchHealth(running.store, beats).tick()
    finally:
        await client.close()
    assert not beats.listening
    assert await running.said(AlertRaised) == []


async def test_books_that_differ_are_an_alert_until_they_agree(running: Running) -> None:
    off = LedgerDifferenceChanged(days=(date(2026, 11, 20),), differences=(Money.parse("1.50", "USD"),))
    again = await running.deliver(off)
    await running.deliver(off, id=again)
    (raised,) = await running.said(AlertRaised)
    assert isinstance(raised, AlertRaised)
    assert raised.level == "critical"
    await running.deliver(LedgerDifferenceChanged(days=(), differences=()))
    assert await running.said(AlertResolved) == [AlertResolved(alert_id=raised.alert_id)]
