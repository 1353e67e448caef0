"""The gateway's tables that are no events (see the migrations)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text

METADATA = MetaData(schema="public")


def _time(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


credentials = Table(
    "credentials",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("email_digest", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    _time("created_at"),
)

new_passwords = Table(
    "new_passwords",
    METADATA,
    Column("operation_id", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("kept_session", Text),
    _time("created_at"),
    _time("closed_at", nullable=True),
)

refresh_tokens = Table(
    "refresh_tokens",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("session_id", Text, nullable=False),
    _time("issued_at"),
    _time("expires_at"),
    _time("used_at", nullable=True),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("session_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    _time("begun_at"),
    _time("used_at"),
    _time("expires_at"),
    Column("device", Text, nullable=False),
    Column("place", Text, nullable=False),
    _time("ended_at", nullable=True),
)

known_devices = Table(
    "known_devices",
    METADATA,
    Column("device_digest", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    _time("first_used_at"),
    _time("used_at"),
    _time("expires_at"),
)

second_factors = Table(
    "second_factors",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    _time("proposed_at"),
    _time("confirmed_at", nullable=True),
    Column("last_step", BigInteger, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    _time("used_at", nullable=True),
)

oauth_states = Table(
    "oauth_states",
    METADATA,
    Column("state_digest", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("niche_id", Text, nullable=False),
    Column("operation_id", Text, nullable=False),
    Column("browser_digest", Text, nullable=False),
    _time("created_at"),
    _time("expires_at"),
    Column("code_digest", Text),
)
