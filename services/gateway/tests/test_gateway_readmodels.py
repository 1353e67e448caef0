"""Read models: the order in which producers' events arrive does not matter, and a rebuild equals the live model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ytempire.bus import connect, read_carried
from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.testing import make_service_database
from ytempire.events import Envelope, Event, Money, PnlComponents
from ytempire.events.analytics import ProfitCalculated
from ytempire.events.billing import (
    EntitlementsChanged,
    InvoicePaid,
    PaymentFailed,
    PaymentMethodChanged,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPastDue,
    SubscriptionRecovered,
    VideoSlotReleased,
)
from ytempire.events.billing import VideoSlotReserved as Reserved
from ytempire.events.gateway import VideoRequested
from ytempire.events.media import VideoAccepted, VideoRenderFailed, VideoStageCompleted
from ytempire.events.onboarding import PlanSelected, UserCreated
from ytempire.events.publisher import UploadStarted, VideoPublishFailed, VideoScheduled
from ytempire.events.support import TicketEscalated, TicketOpened, TicketResolved
from ytempire.eventstore import EventStore, Projection, ReadModels, derived_id
from ytempire.eventstore.projection import create_tables, within
from ytempire.eventstore.schema import create_event_store
from ytempire.eventstore.shadow import rebuild
from ytempire.gateway.projections import PROJECTIONS

USER, VIDEO, CHANNEL, TICKET = (derived_id("test", name) for name in ("user", "video", "channel", "ticket"))
AT = datetime(2026, 5, 1, tzinfo=UTC)
V: dict[str, Any] = {"video_id": VIDEO, "user_id": USER}
C: dict[str, Any] = {**V, "channel_id": CHANNEL}
PERIOD: dict[str, Any] = {"period_start": AT, "period_end": AT + timedelta(days=30)}


def _profit(revenue: int, hours: int) -> ProfitCalculated:
    return ProfitCalculated(
        user_id=USER,
        channel_id=CHANNEL,
        day=AT.date(),
        currency="USD",
        components=PnlComponents(revenue=revenue),
        revenue_by_source={},
        known_at=AT + timedelta(hours=hours),
    )


LOG: list[Event] = [
    UserCreated(user_id=USER),
    *(
        PlanSelected(
            user_id=USER,
            plan=plan,
            price=Money(micros=1, currency="USD"),
            channels=1,
            videos_per_day=1,
            trial_days=0,
        )
        for plan in ("starter", "growth")
    ),
    EntitlementsChanged(user_id=USER, plan="starter", active=True, channels=5, videos_per_day=15),
    SubscriptionChanged(user_id=USER, subscription_id="s", plan="starter", status="active", **PERIOD),
    SubscriptionPastDue(user_id=USER, subscription_id="s", grace_ends_at=AT),
    SubscriptionRecovered(user_id=USER, subscription_id="s"),
    SubscriptionCancelled(user_id=USER, subscription_id="s"),
    *(PaymentMethodChanged(user_id=USER, brand="visa", last4=last, exp_month=1, exp_year=2030) for last in ("1", "2")),
    PaymentFailed(user_id=USER, invoice_id="in_1", code="payment_failed"),
    InvoicePaid(user_id=USER, invoice_id="in_1", net=Money.zero(), tax=Money.zero(), **PERIOD),
    VideoRequested(**C, topic="t"),
    Reserved(**V, day=AT.date()),
    VideoSlotReleased(**V),
    VideoAccepted(**C, length_s=60),
    VideoStageCompleted(**C, stage="script", percent=20),
    VideoStageCompleted(**C, stage="voice", percent=40),
    VideoRenderFailed(**C, stage="voice", code="c", message="m"),
    VideoScheduled(**C, publish_at=AT, privacy="public"),
    UploadStarted(**C, bytes=1),
    VideoPublishFailed(**C, code="c", message="m"),
    _profit(1, 0),
    _profit(2, 5),
    _profit(3, 5),
    TicketOpened(
        ticket_id=TICKET,
        user_id=USER,
        category="c",
        priority="low",
        status="open",
        estimated_response_at=AT,
        auto_response=None,
        job=None,
    ),
    TicketEscalated(ticket_id=TICKET, user_id=USER, priority="high"),
    TicketResolved(ticket_id=TICKET, user_id=USER, resolution="done"),
]


def _envelope(position: int, event: Event) -> Envelope:
    return Envelope(
        id=derived_id("event", str(position)),
        source=f"/ytempire/{event.owner}",
        type=event.type_name(),
        subject="stream",
        time=AT + timedelta(minutes=position),
        data=event.model_dump(mode="json"),
        tenantid=USER,
        correlationid=derived_id("correlation"),
        causationid=derived_id("correlation"),
        position=position,
        streamversion=position,
    )


ENVELOPES = [_envelope(position, event) for position, event in enumerate(LOG, 1)]


@pytest.fixture(scope="session")
async def models(pg_server: PostgresServer) -> AsyncIterator[ReadModels]:
    database = make_service_database(pg_server, pg_server.superuser_password_file.parent, "gateway")
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        create_event_store(connection, application_role="gateway", database=database.name)
    made = ReadModels("gateway", database.dsn, PROJECTIONS)
    yield made
    await made.close()


async def _filled(models: ReadModels, projection: Projection, envelopes: list[Envelope]) -> dict[str, list[str]]:
    """All rows of a projection after these events, rolled back afterwards."""
    async with models.engine.connect() as connection:
        await create_tables(connection, projection, "shuffled")
        scoped = await within(connection, "shuffled")
        for envelope in envelopes:
            await projection.apply(scoped, envelope)
        rows = {
            table.name: [
                row[0]
                for row in await connection.execute(text(f'select t::text from shuffled."{table.name}" t order by 1'))
            ]
            for table in projection.tables.sorted_tables
        }
        await connection.rollback()
    return rows


@pytest.fixture(scope="session")
async def in_order(models: ReadModels) -> dict[str, dict[str, list[str]]]:
    return {projection.name: await _filled(models, projection, ENVELOPES) for projection in PROJECTIONS}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(LOG))))
async def test_any_order_gives_the_same_rows(
    models: ReadModels, in_order: dict[str, dict[str, list[str]]], order: list[int]
) -> None:
    for projection in PROJECTIONS:
        shuffled = await _filled(models, projection, [ENVELOPES[n] for n in order])
        assert shuffled == in_order[projection.name], projection.name


async def test_a_rebuild_equals_the_live_models(platform: Any, person: Any) -> None:
    await person.post("/onboarding/plan", {"plan": "starter"})
    await person.post("/tickets", {"subject": "s", "message": "m"})
    client = await connect(platform.nats, "media")
    store = EventStore("gateway", platform.gateway_dsn, lambda: datetime.now(UTC))
    await store.open()
    live = ReadModels("gateway", platform.gateway_dsn, PROJECTIONS)
    try:
        for projection in PROJECTIONS:
            result = await rebuild(store, live, projection, partial(read_carried, client.jetstream()))
            assert result.equal, (projection.name, result.differences)
            if projection.name in ("accounts", "operations", "tickets"):
                assert result.rows > 0
    finally:
        await live.close()
        await store.close()
        await client.close()
