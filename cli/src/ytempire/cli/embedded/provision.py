"""Databases and roles: one database per service, one role that owns it and one that works in it.

`<service>_owner` owns the database and runs the migrations; `<service>` is what the running service logs in as: it may
connect, and do what the owner's migrations grant it, but cannot make or change tables. Nobody else may connect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg
from psycopg import sql

from ytempire.cli.keys import ensure_secret

SERVICES = ("gateway", "onboarding", "billing", "media", "publisher", "analytics", "support")


def owner_role(service: str) -> str:
    """The role that owns the database of `service`."""
    return f"{service}_owner"


def password_file(secrets_dir: Path, role: str) -> Path:
    """Where the password of a PostgreSQL role is kept."""
    return secrets_dir / f"postgres.{role}.password"


def ensure_role(connection: psycopg.Connection, role: str, secrets_dir: Path) -> None:
    """Make the log-in role if it is missing, and set its password whenever a new one was generated."""
    password, fresh = ensure_secret(password_file(secrets_dir, role))
    exists = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    if exists and not fresh:
        return
    verb = sql.SQL("alter" if exists else "create")
    connection.execute(
        sql.SQL("{} role {} login nosuperuser nocreatedb nocreaterole noreplication password {}").format(
            verb, sql.Identifier(role), sql.Literal(password)
        )
    )


def ensure_database(connection: psycopg.Connection, database: str, owner: str, application: str) -> None:
    """Make the database if it is missing and let only its two roles connect."""
    if connection.execute("select 1 from pg_database where datname = %s", (database,)).fetchone():
        return
    name = sql.Identifier(database)
    connection.execute(sql.SQL("create database {} owner {} template template0").format(name, sql.Identifier(owner)))
    connection.execute(sql.SQL("revoke all on database {} from public").format(name))
    connection.execute(sql.SQL("grant connect on database {} to {}").format(name, sql.Identifier(application)))


def close_shared_databases(connection: psycopg.Connection) -> None:
    """Take from everybody but the superuser the databases that every server comes with."""
    for database in ("postgres", "template1"):
        connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(database)))


def provision(
    connect: Callable[[str], psycopg.Connection], secrets_dir: Path, services: Iterable[str] = SERVICES
) -> None:
    """Make every missing role and database. Idempotent; `connect` gives a superuser connection to a database."""
    with connect("postgres") as connection:
        for service in services:
            ensure_role(connection, owner_role(service), secrets_dir)
            ensure_role(connection, service, secrets_dir)
            ensure_database(connection, service, owner_role(service), service)
        close_shared_databases(connection)
