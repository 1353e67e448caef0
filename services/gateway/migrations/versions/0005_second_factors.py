"""Second factors: the secret as ciphertext, the step of the last code so that none works twice, recovery codes."""

from ytempire.eventstore.migrate import grant_to_application

revision = "0005"
down_revision = "0004"

TABLES = """
create table public.second_factors (
    user_id text primary key,
    secret text not null,
    proposed_at timestamptz not null,
    confirmed_at timestamptz,
    last_step bigint not null default 0
);

create table public.recovery_codes (
    user_id text not null references public.second_factors on delete cascade,
    digest text not null,
    used_at timestamptz,
    primary key (user_id, digest)
);

grant select, insert, update, delete on public.second_factors, public.recovery_codes to {app};
"""


def upgrade() -> None:
    grant_to_application(TABLES)
