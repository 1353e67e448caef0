import psycopg
import pytest

from ytempire.cli.embedded import provision
from ytempire.cli.embedded.postgres import PostgresServer
from ytempire.cli.testing import ServiceDatabaseFactory


def test_durability_and_size_settings(pg_server: PostgresServer) -> None:
    with pg_server.connect("postgres") as connection:
        shown = dict(connection.execute("select name, setting from pg_settings").fetchall())
    assert (shown["fsync"], shown["synchronous_commit"], shown["full_page_writes"]) == ("on", "on", "on")
    assert int(shown["shared_buffers"]) * 8 // 1024 == 64
    assert shown["listen_addresses"] == "127.0.0.1"
    assert shown["password_encryption"] == "scram-sha-256"


def test_roles_are_separate(service_database: ServiceDatabaseFactory) -> None:
    billing, media = service_database("billing"), service_database("media")
    with psycopg.connect(billing.owner_dsn) as owner:
        owner.execute("create schema es")
        owner.execute("create table es.events (id int)")
        owner.execute("grant usage on schema es to billing")
        owner.execute("grant select, insert on es.events to billing")
    with psycopg.connect(billing.dsn, autocommit=True) as application:
        application.execute("insert into es.events values (1)")
        for statement in (
            "delete from es.events",
            "create table es.more (id int)",
            "create schema mine",
            "create table public.mine (id int)",
            "create role mallory",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(statement)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(media.url.replace("media@", "billing@"), password=billing.password)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(billing.url.replace(billing.name, "postgres"), password=billing.password)


def test_a_password_is_needed_on_the_socket_and_on_loopback(
    pg_server: PostgresServer, service_database: ServiceDatabaseFactory
) -> None:
    database = service_database("support")
    for url in (database.url, pg_server.tcp_url("support", database.name)):
        with psycopg.connect(url, password=database.password) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(url, password="wrong")
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(url, passfile="/nonexistent")


def test_provisioning_twice_changes_nothing(pg_server: PostgresServer) -> None:
    secrets_dir = pg_server.superuser_password_file.parent
    provision.provision(pg_server.connect, secrets_dir)
    before = {file.name: file.read_text() for file in secrets_dir.iterdir()}
    provision.provision(pg_server.connect, secrets_dir)
    assert before == {file.name: file.read_text() for file in secrets_dir.iterdir()}
    for service in provision.SERVICES:
        password = provision.password_file(secrets_dir, service).read_text().strip()
        with psycopg.connect(pg_server.url(service, service), password=password) as connection:
            assert connection.execute("select current_user").fetchone() == (service,)


def test_a_lost_password_file_is_replaced_in_both_places(pg_server: PostgresServer) -> None:
    secrets_dir = pg_server.superuser_password_file.parent
    file = provision.password_file(secrets_dir, "analytics")
    provision.provision(pg_server.connect, secrets_dir)
    old = file.read_text()
    file.unlink()
    provision.provision(pg_server.connect, secrets_dir)
    assert file.read_text() != old
    psycopg.connect(pg_server.url("analytics", "analytics"), password=file.read_text().strip()).close()


def test_secrets_are_private(pg_server: PostgresServer) -> None:
    files = list(pg_server.superuser_password_file.parent.iterdir())
    assert files
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert pg_server.placement.socket_dir.stat().st_mode & 0o777 == 0o700
    assert pg_server.placement.data.stat().st_mode & 0o777 == 0o700
