"""Wiring."""

from __future__ import annotations

import ytempire.support
from ytempire.chassis import Definition, Host, Service, ServiceSettings
from ytempire.eventstore.vault import Vault, kek_file
from ytempire.support.adapters.heartbeats import NatsHeartbeats
from ytempire.support.adapters.phrase_tables import load_tables
from ytempire.support.features.check_response import CheckResponse
from ytempire.support.features.follow_customer import FollowCustomer
from ytempire.support.features.follow_job import FollowJob
from ytempire.support.features.open_ticket import OpenTicket
from ytempire.support.features.watch_health import WatchHealth
from ytempire.support.features.watch_ledger import WatchLedger
from ytempire.support.projections import PROJECTIONS
from ytempire.support.reactions import reactions
from ytempire.support.subscribers import subscriptions

KEK_FILE = "support.kek.key"
"""Base64 of the 32-byte key that wraps each customer's own key."""


class Settings(ServiceSettings):
    """Support needs nothing beside what every service needs."""


async def build(host: Host[Settings]) -> Service:
    """Put the service together."""
    store, tables = host.store, load_tables()
    vault = Vault(store.pool, kek_file(host.settings.secrets_dir / KEK_FILE))
    beats = NatsHeartbeats(host.nats)
    await beats.listen()
    tickets = OpenTicket(store, vault, host.opener, tables.phrases, tables.signals, host.clock.now)
    return Service(
        subscriptions=subscriptions(tickets, FollowJob(store), FollowCustomer(store), WatchLedger(store)),
        reactions=reactions(CheckResponse(store)),
        background=(WatchHealth(store, beats).run,),
    )


DEFINITION = Definition("support", Settings, PROJECTIONS, build, ytempire.support.__file__)
