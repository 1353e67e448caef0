"""A consent under way keeps which person began it for an account: they must still be allowed to when it comes back."""

from ytempire.eventstore.migrate import grant_to_application

revision = "0007"
down_revision = "0006"

TABLES = """
alter table public.oauth_states add column person_id text;
update public.oauth_states set person_id = user_id;
alter table public.oauth_states alter column person_id set not null;
"""


def upgrade() -> None:
    grant_to_application(TABLES)
