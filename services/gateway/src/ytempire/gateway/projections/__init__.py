"""The gateway's read models. Every table has a tenant; every column is written from one producer's log."""

from ytempire.gateway.projections.accounts import ACCOUNTS
from ytempire.gateway.projections.channels import CHANNELS
from ytempire.gateway.projections.members import MEMBERS
from ytempire.gateway.projections.money import MONEY
from ytempire.gateway.projections.operations import OPERATIONS
from ytempire.gateway.projections.payments import PAYMENTS
from ytempire.gateway.projections.preferences import PREFERENCES
from ytempire.gateway.projections.tickets import TICKETS
from ytempire.gateway.projections.videos import VIDEOS

PROJECTIONS = (ACCOUNTS, PREFERENCES, CHANNELS, VIDEOS, MONEY, PAYMENTS, TICKETS, MEMBERS, OPERATIONS)
"""Operations come last: when an outcome is announced, the other models have it already."""
