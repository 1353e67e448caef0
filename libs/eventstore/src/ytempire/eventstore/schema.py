"""The tables of an event store. Versioned: a released version is never edited, the next one is added.

Two roles: the *owner* runs migrations; the *application* may insert and read events and nothing else, so that
append-only is enforced by the database and not by manners.
"""

from __future__ import annotations

from typing import Protocol


class Executes(Protocol):
    def execute(self, sql: str) -> object: ...


TABLES_V1 = """
create schema es;
create schema rm;

create table es.head (
    id int primary key check (id = 1),
    position bigint not null,
    hash bytea not null
) with (fillfactor = 10);
insert into es.head values (1, 0, decode(repeat('00', 32), 'hex'));

create table es.events (
    position bigint primary key,
    stream text not null,
    version int not null,
    event_id uuid not null unique,
    type text not null,
    occurred_at timestamptz not null,
    data json not null,
    meta json not null,
    hash bytea not null,
    unique (stream, version)
);
create index events_type on es.events (type, position);

-- No foreign key and no second unique id: one statement writes event and row, nobody changes them, the audit compares
-- them. Both together were a third of what the server does for an event.
create table es.outbox (
    position bigint primary key,
    event_id uuid not null,
    subject text not null,
    partition int not null,
    previous bigint not null,
    body json not null
);
create index outbox_partition on es.outbox (partition, position);

create table es.inbox (
    scope text not null,
    key text not null,
    first_position bigint not null,
    last_position bigint not null,
    hash bytea not null,
    primary key (scope, key)
);

create table es.timers (
    key text primary key,
    due timestamptz not null,
    stream text not null,
    type text not null,
    data json not null,
    meta json not null
);
create index timers_due on es.timers (due, key);

create table es.tracking (
    model text not null,
    source text not null,
    partition int not null,
    position bigint not null,
    seq bigint not null default 0,
    primary key (model, source, partition)
);

create table es.projections (
    schema text primary key,
    name text not null,
    version int not null,
    generation int not null,
    status text not null check (status in ('building', 'active', 'previous', 'kept')),
    as_of text,
    made_at timestamptz not null default clock_timestamp(),
    unique (name, generation)
);
create unique index projections_active on es.projections (name) where status = 'active';

create table es.checkpoints (
    consumer text primary key,
    position bigint not null
);

create table es.leases (
    name text not null,
    partition int not null,
    owner text not null,
    pid int not null,
    backend_start timestamptz not null,
    until timestamptz not null,
    primary key (name, partition)
);

create table es.dead_letters (
    consumer text not null,
    event_id uuid not null,
    source text not null,
    stream text not null,
    position bigint not null,
    type text not null,
    status text not null check (status in ('dead', 'waiting', 'replayed', 'discarded')),
    reason text not null,
    attempts int not null,
    verdict text check (verdict in ('replay', 'discard')),
    verdict_reason text,
    body json not null,
    at timestamptz not null,
    settled_at timestamptz,
    primary key (consumer, event_id)
);
create index dead_letters_open on es.dead_letters (consumer, source, stream, position)
    where status in ('dead', 'waiting');
create view es.open_letters as select * from es.dead_letters where status in ('dead', 'waiting');

create table es.subject_keys (
    subject text primary key,
    kek text,
    wrapped_key bytea,
    check ((kek is null) = (wrapped_key is null))
);
comment on table es.subject_keys is 'a row without a key is an erased subject: it never gets a key again';

create function es.append_only() returns trigger language plpgsql as $body$
begin
    raise exception '% is append-only: % refused', tg_table_name, tg_op;
end
$body$;
create trigger events_append_only before update or delete or truncate on es.events
    execute function es.append_only();
create trigger outbox_append_only before update or delete or truncate on es.outbox
    execute function es.append_only();
create trigger inbox_append_only before update or delete or truncate on es.inbox
    execute function es.append_only();
-- the head is one row that only moves forward
create trigger head_append_only before insert or delete or truncate on es.head
    execute function es.append_only();
create trigger head_forward before update on es.head for each row
    when (new.position < old.position or (new.position = old.position and new.hash <> old.hash))
    execute function es.append_only();
"""

GRANTS_V1 = """
grant usage on schema es to {app};
grant select, insert on es.events, es.outbox, es.inbox to {app};
grant select, update on es.head to {app};
grant select, update on es.open_letters to {app};
grant select, insert, update, delete on
    es.timers, es.tracking, es.projections, es.checkpoints, es.leases, es.dead_letters, es.subject_keys to {app};
grant usage, create on schema rm to {app};
grant create on database {database} to {app};
"""


def create_event_store(op: Executes, *, application_role: str, database: str) -> None:
    """Create version 1 of the store, from a service's first migration."""
    op.execute(TABLES_V1)
    op.execute(GRANTS_V1.format(app=_quoted(application_role), database=_quoted(database)))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
