"""Accounts: what onboarding and billing say about a customer, and how far the journey is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, MetaData, Table, Text

from ytempire.events import Envelope
from ytempire.events.billing import (
    EntitlementsChanged,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPastDue,
    SubscriptionRecovered,
    SubscriptionStarted,
)
from ytempire.events.onboarding import (
    NichesChosen,
    NichesRecommended,
    OnboardingCompleted,
    OnboardingStepCompleted,
    PlanSelected,
    PreferencesSaved,
    RemindersChosen,
    UserCreated,
)
from ytempire.eventstore import Projection, Writing
from ytempire.gateway.projections.common import announce, mark_column, tenant_column, time_column, upsert

TABLES = MetaData()

accounts = Table(
    "accounts",
    TABLES,
    Column("user_id", Text, primary_key=True),
    tenant_column(),
    # onboarding
    time_column("created_at"),
    Column("is_beta", Boolean),
    time_column("completed_at"),
    mark_column("plan_mark"),
    Column("plan", Text),
    Column("price_micros", BigInteger),
    Column("price_currency", Text),
    Column("plan_interval", Text),
    Column("plan_channels", Integer),
    Column("plan_videos_per_day", Integer),
    Column("trial_days", Integer),
    mark_column("niches_mark"),
    Column("recommended_niches", JSON),
    mark_column("choice_mark"),
    Column("chosen_niches", JSON),
    mark_column("preferences_mark"),
    Column("preferences", JSON),
    mark_column("reminders_mark"),
    Column("reminders", Boolean),
    # billing
    mark_column("entitlements_mark"),
    Column("entitled_plan", Text),
    Column("entitled", Boolean),
    Column("entitled_channels", Integer),
    Column("entitled_videos_per_day", Integer),
    mark_column("subscription_mark"),
    Column("subscription_id", Text),
    time_column("period_start"),
    time_column("period_end"),
    time_column("cancels_at"),
    time_column("pause_begins"),
    time_column("pause_ends"),
    Column("next_plan", Text),
    Column("next_price_micros", BigInteger),
    Column("next_price_currency", Text),
    mark_column("status_mark"),
    Column("subscription_status", Text),
    time_column("trial_ends_at"),
    mark_column("grace_mark"),
    time_column("grace_ends_at"),
)

steps = Table(
    "steps",
    TABLES,
    Column("user_id", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    tenant_column(),
    time_column("completed_at"),
)


async def _write(
    connection: Writing, user_id: str, envelope: Envelope, mark: str | None = None, **columns: Any
) -> None:
    row: dict[str, Any] = {"user_id": user_id, "tenant_id": user_id, **columns}
    if mark is not None:
        row[mark] = envelope.position
    await upsert(connection, accounts, row, mark)
    await announce(connection, user_id, "account", user_id, envelope)


async def _created(connection: Writing, event: UserCreated, envelope: Envelope) -> None:
    await _write(connection, event.user_id, envelope, created_at=envelope.time, is_beta=event.is_beta)


async def _plan(connection: Writing, event: PlanSelected, envelope: Envelope) -> None:
    await _write(
        connection,
        event.user_id,
        envelope,
        "plan_mark",
        plan=event.plan,
        price_micros=event.price.micros,
        price_currency=event.price.currency,
        plan_interval=event.interval,
        plan_channels=event.channels,
        plan_videos_per_day=event.videos_per_day,
        trial_days=event.trial_days,
    )


async def _recommended(connection: Writing, event: NichesRecommended, envelope: Envelope) -> None:
    niches = [niche.model_dump(mode="json") for niche in event.niches]
    await _write(connection, event.user_id, envelope, "niches_mark", recommended_niches=niches)


async def _chosen(connection: Writing, event: NichesChosen, envelope: Envelope) -> None:
    await _write(connection, event.user_id, envelope, "choice_mark", chosen_niches=list(event.niche_ids))


async def _preferences(connection: Writing, event: PreferencesSaved, envelope: Envelope) -> None:
    saved = event.model_dump(mode="json", exclude={"user_id"})
    await _write(connection, event.user_id, envelope, "preferences_mark", preferences=saved)


async def _reminders(connection: Writing, event: RemindersChosen, envelope: Envelope) -> None:
    await _write(connection, event.user_id, envelope, "reminders_mark", reminders=event.wanted)


async def _step(connection: Writing, event: OnboardingStepCompleted, envelope: Envelope) -> None:
    row = {
        "user_id": event.user_id,
        "step": event.step,
        "tenant_id": event.user_id,
        "completed_at": envelope.time,
    }
    await upsert(connection, steps, row)
    await announce(connection, event.user_id, "account", event.user_id, envelope)


async def _completed(connection: Writing, event: OnboardingCompleted, envelope: Envelope) -> None:
    await _write(connection, event.user_id, envelope, completed_at=envelope.time)


async def _entitlements(connection: Writing, event: EntitlementsChanged, envelope: Envelope) -> None:
    await _write(
        connection,
        event.user_id,
        envelope,
        "entitlements_mark",
        entitled_plan=event.plan,
        entitled=event.active,
        entitled_channels=event.channels,
        entitled_videos_per_day=event.videos_per_day,
    )


async def _subscribed(
    connection: Writing, event: SubscriptionStarted | SubscriptionChanged, envelope: Envelope
) -> None:
    following = event.price if isinstance(event, SubscriptionStarted) else event.next_price
    await _write(
        connection,
        event.user_id,
        envelope,
        "subscription_mark",
        subscription_id=event.subscription_id,
        period_start=event.period_start,
        period_end=event.period_end,
        cancels_at=None if isinstance(event, SubscriptionStarted) else event.cancels_at,
        pause_begins=None if isinstance(event, SubscriptionStarted) else event.pause_begins,
        pause_ends=None if isinstance(event, SubscriptionStarted) else event.pause_ends,
        next_plan=None if isinstance(event, SubscriptionStarted) else event.next_plan,
        next_price_micros=following.micros if following else None,
        next_price_currency=following.currency if following else None,
    )
    await _write(connection, event.user_id, envelope, "status_mark", subscription_status=event.status)


async def _started(connection: Writing, event: SubscriptionStarted, envelope: Envelope) -> None:
    await _subscribed(connection, event, envelope)
    await _write(connection, event.user_id, envelope, trial_ends_at=event.trial_ends_at)


async def _past_due(connection: Writing, event: SubscriptionPastDue, envelope: Envelope) -> None:
    await _write(connection, event.user_id, envelope, "status_mark", subscription_status="past_due")
    await _write(connection, event.user_id, envelope, "grace_mark", grace_ends_at=event.grace_ends_at)


async def _recovered(connection: Writing, event: SubscriptionRecovered, envelope: Envelope) -> None:
    await _write(connection, event.user_id, envelope, "grace_mark", grace_ends_at=None)


async def _cancelled(connection: Writing, event: SubscriptionCancelled, envelope: Envelope) -> None:
    await _write(connection, event.user_id, envelope, "status_mark", subscription_status="canceled")
    await _write(connection, event.user_id, envelope, "grace_mark", grace_ends_at=None)


ACCOUNTS = Projection(
    "accounts",
    TABLES,
    {
        UserCreated: _created,
        PlanSelected: _plan,
        NichesRecommended: _recommended,
        NichesChosen: _chosen,
        PreferencesSaved: _preferences,
        RemindersChosen: _reminders,
        OnboardingStepCompleted: _step,
        OnboardingCompleted: _completed,
        EntitlementsChanged: _entitlements,
        SubscriptionStarted: _started,
        SubscriptionChanged: _subscribed,
        SubscriptionPastDue: _past_due,
        SubscriptionRecovered: _recovered,
        SubscriptionCancelled: _cancelled,
    },
    version=5,
)
