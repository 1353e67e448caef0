"""Passwords that wait for a decision. Nobody has a password any more whose address is not verified."""

from alembic import op

from ytempire.eventstore.migrate import grant_to_application

revision = "0006"
down_revision = "0005"

TABLES = """
create table public.new_passwords (
    operation_id text primary key,
    password_hash text not null,
    kept_session text,
    created_at timestamptz not null,
    closed_at timestamptz
);
create index new_passwords_age on public.new_passwords (created_at);
grant select, insert, update, delete on public.new_passwords to {app};
"""


def upgrade() -> None:
    grant_to_application(TABLES)
    op.execute("delete from public.credentials where status = 'pending'")
