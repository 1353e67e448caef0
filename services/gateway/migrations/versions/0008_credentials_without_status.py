"""A password exists for proven addresses alone, so nothing says whether it may be used."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("alter table public.credentials drop column status")
