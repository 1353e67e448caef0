"""Sessions as rows of their own: when begun and used, from what device and place, when ended. A refresh token is a step
of its session; whether the session goes on is said once, there."""

from ytempire.eventstore.migrate import grant_to_application

revision = "0003"
down_revision = "0002"

TABLES = """
create table public.sessions (
    session_id text primary key,
    user_id text not null,
    begun_at timestamptz not null,
    used_at timestamptz not null,
    expires_at timestamptz not null,
    device text not null,
    place text not null,
    ended_at timestamptz
);
create index sessions_user on public.sessions (user_id);
create index sessions_ended on public.sessions (ended_at) where ended_at is not null;

insert into public.sessions
select family, min(user_id), min(issued_at), max(issued_at), max(expires_at), '', '', max(revoked_at)
from public.refresh_tokens group by family;

drop index public.refresh_tokens_user;
drop index public.refresh_tokens_family;
alter table public.refresh_tokens rename column family to session_id;
alter table public.refresh_tokens
    drop column user_id,
    drop column revoked_at,
    add foreign key (session_id) references public.sessions on delete cascade;
create index refresh_tokens_session on public.refresh_tokens (session_id);

grant select, insert, update, delete on public.sessions to {app};
"""


def upgrade() -> None:
    grant_to_application(TABLES)
