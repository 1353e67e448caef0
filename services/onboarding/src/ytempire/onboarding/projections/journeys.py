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
from ytempire.eventstore import Projection, Writing, put

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


_NEW = insert(journeys)
_STEP = _NEW.on_conflict_do_update(
    index_elements=["user_id"],
    set_={"steps_done": journeys.c.steps_done + 1, "next_step": _NEW.excluded.next_step},
)
_MAIL = _NEW.on_conflict_do_update(index_elements=["user_id"], set_={"mails_sent": journeys.c.mails_sent + 1})


async def _set(connection: Writing, user_id: str, **values: Any) -> None:
    await put(connection, journeys, {"user_id": user_id, **values})


async def _signed_up(connection: Writing, event: SignUpAccepted, envelope: Envelope) -> None:
    await _set(connection, event.user_id, signed_up_at=envelope.time)


async def _created(connection: Writing, event: UserCreated, envelope: Envelope) -> None:
    await _set(connection, event.user_id, created_at=envelope.time)


async def _plan(connection: Writing, event: PlanSelected, envelope: Envelope) -> None:
    await _set(connection, event.user_id, plan=event.plan)


async def _step(connection: Writing, event: OnboardingStepCompleted, envelope: Envelope) -> None:
    row = {"user_id": event.user_id, "steps_done": 1, "next_step": event.next_step}
    await connection.execute(_STEP, row)


async def _completed(connection: Writing, event: OnboardingCompleted, envelope: Envelope) -> None:
    await _set(connection, event.user_id, completed_at=envelope.time)


async def _mailed(connection: Writing, event: MailSent, envelope: Envelope) -> None:
    await connection.execute(_MAIL, {"user_id": event.user_id, "mails_sent": 1})


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
