"""Alembic, run at a service's start by its owner role. Skipped without importing Alembic when nothing is new."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg


def upgrade(migrations: Path, owner_dsn: str, *, application_role: str) -> bool:
    """Bring a service's database to the newest version.

    :param migrations: the service's ``migrations`` folder; revision ids are the numeric prefixes of its files.
    :returns: whether anything was done.
    """
    newest = max(match[1] for f in (migrations / "versions").glob("*.py") if (match := re.match(r"(\d{4})_", f.name)))
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        # one process at a time: copies of a service start together
        connection.execute("select pg_advisory_lock(724501)")
        if _current(connection) == newest:
            return False
        _alembic(migrations, owner_dsn, application_role)
    return True


def _current(connection: psycopg.Connection[tuple[object, ...]]) -> str | None:
    row = connection.execute("select to_regclass('public.alembic_version')::text").fetchone()
    if row is None or row[0] is None:
        return None
    version = connection.execute("select version_num from public.alembic_version").fetchone()
    return str(version[0]) if version else None


def _alembic(migrations: Path, owner_dsn: str, application_role: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic's configuration parser interpolates %
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["dsn"] = owner_dsn
    config.attributes["application_role"] = application_role
    command.upgrade(config, "head")


def run_environment() -> None:
    """The body of every service's ``migrations/env.py``."""
    from alembic import context
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    dsn = context.config.attributes["dsn"]
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, version_table_schema="public")
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


def create_event_store_tables() -> None:
    """The body of every service's first migration."""
    from alembic import context, op
    from sqlalchemy import text

    from ytempire.eventstore.schema import create_event_store

    connection = op.get_bind()
    database = str(connection.execute(text("select current_database()")).scalar_one())

    class _Driver:
        def execute(self, sql: str) -> object:
            # straight to the driver: the text holds colons that are no parameters, and per cents that are none either
            return connection.exec_driver_sql(sql.replace("%", "%%"))

    create_event_store(_Driver(), application_role=context.config.attributes["application_role"], database=database)


def grant_to_application(sql: str) -> None:
    """Run SQL in a migration with ``{app}`` replaced by the application role, quoted."""
    from alembic import context, op

    role = context.config.attributes["application_role"].replace('"', '""')
    op.get_bind().exec_driver_sql(sql.format(app=f'"{role}"').replace("%", "%%"))
