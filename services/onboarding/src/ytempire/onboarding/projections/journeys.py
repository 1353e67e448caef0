"""How far each account is: one row for each, for the platform's owner and for support. Holds nothing personal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import insert

from ytempire.events import Envelope
from ytempire.events.onboarding import (
    MailSent,
    OnboardingCompleted,
    OnboardingStepCompleted,
    PlanSelected,
    SignUpAccepted,
    UserCreated,
)
from ytempire.eventstore import Projection, Writing

metadata = MetaData()
journeys = Table(
    "journeys",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("signed_up_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True)),
    Column("plan", Text),
    Column("steps_done", Integer, nullable=False, server_default="0"),
    Column("next_step", Text),
    Column("completed_at", DateTime(timezone=True)),
    Column("mails_sent", Integer, nullable=False, server_default="0"),
)


async def _set(connection: Writing, user_id: str, **values: Any) -> None:
    row = insert(journeys).values(user_id=user_id, **values)
    await connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=values))


async def _signed_up(connection: Writing, event: SignUpAccepted, envelope: Envelope) -> None:
    await _set(connection, event.user_id, signed_up_at=envelope.time)


async def _created(connection: Writing, event: UserCreated, envelope: Envelope) -> None:
    await _set(connection, event.user_id, created_at=envelope.time)


async def _plan(connection: Writing, event: PlanSelected, envelope: Envelope) -> None:
    await _set(connection, event.user_id, plan=event.plan)


async def _step(connection: Writing, event: OnboardingStepCompleted, envelope: Envelope) -> None:
    row = insert(journeys).values(user_id=event.user_id, steps_done=1, next_step=event.next_step)
    more = {"steps_done": journeys.c.steps_done + 1, "next_step": row.excluded.next_step}
    await connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=more))


async def _completed(connection: Writing, event: OnboardingCompleted, envelope: Envelope) -> None:
    await _set(connection, event.user_id, completed_at=envelope.time)


async def _mailed(connection: Writing, event: MailSent, envelope: Envelope) -> None:
    row = insert(journeys).values(user_id=event.user_id, mails_sent=1)
    more = {"mails_sent": journeys.c.mails_sent + 1}
    await connection.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=more))


JOURNEYS = Projection(
    "journeys",
    metadata,
    {
        SignUpAccepted: _signed_up,
        UserCreated: _created,
        PlanSelected: _plan,
        OnboardingStepCompleted: _step,
        OnboardingCompleted: _completed,
        MailSent: _mailed,
    },
)
