"""Devices that logged in before: strangers cannot use up the attempts of one."""

from ytempire.eventstore.migrate import grant_to_application

revision = "0004"
down_revision = "0003"

TABLES = """
create table public.known_devices (
    device_digest text not null,
    user_id text not null,
    first_used_at timestamptz not null,
    used_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (device_digest, user_id)
);
create index known_devices_user on public.known_devices (user_id);
create index known_devices_age on public.known_devices (expires_at);

grant select, insert, update, delete on public.known_devices to {app};
"""


def upgrade() -> None:
    grant_to_application(TABLES)
