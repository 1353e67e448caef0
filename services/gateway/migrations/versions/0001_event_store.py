"""The event store: log, outbox, inbox, timers, tracking."""

from ytempire.eventstore.migrate import create_event_store_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_event_store_tables()
