"""What only the gateway keeps and what is no event: credentials, sessions, consents under way, idempotency keys."""

from ytempire.eventstore.migrate import grant_to_application

revision = "0002"
down_revision = "0001"

TABLES = """
create table public.credentials (
    user_id text primary key,
    email_digest text not null,
    password_hash text not null,
    status text not null check (status in ('pending', 'active')),
    created_at timestamptz not null
);
create index credentials_email on public.credentials (email_digest);

create table public.refresh_tokens (
    digest text primary key,
    user_id text not null,
    family text not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    revoked_at timestamptz
);
create index refresh_tokens_family on public.refresh_tokens (family);
create index refresh_tokens_user on public.refresh_tokens (user_id);

create table public.oauth_states (
    state_digest text primary key,
    user_id text not null,
    channel_id text not null,
    niche_id text not null,
    operation_id text not null,
    browser_digest text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    code_digest text
);

create table public.idempotency (
    scope text not null,
    key text not null,
    fingerprint text not null,
    operation_id text not null,
    resource_id text not null,
    created_at timestamptz not null,
    primary key (scope, key)
);
create index idempotency_age on public.idempotency (created_at);

grant select, insert, update, delete on
    public.credentials, public.refresh_tokens, public.oauth_states, public.idempotency to {app};
"""


def upgrade() -> None:
    grant_to_application(TABLES)
