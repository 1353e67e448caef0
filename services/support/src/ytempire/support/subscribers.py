"""Foreign events in."""

from __future__ import annotations

from ytempire.events.billing import EntitlementsChanged, LedgerDifferenceChanged
from ytempire.events.gateway import TicketRequested
from ytempire.eventstore import Handlers
from ytempire.support.features.follow_customer import FollowCustomer
from ytempire.support.features.follow_job import FOLLOWED, FollowJob
from ytempire.support.features.open_ticket import OpenTicket
from ytempire.support.features.watch_ledger import WatchLedger


def subscriptions(tickets: OpenTicket, jobs: FollowJob, customers: FollowCustomer, books: WatchLedger) -> Handlers:
    return {
        TicketRequested: tickets.request,
        EntitlementsChanged: customers.note_plan,
        LedgerDifferenceChanged: books.hear,
        **dict.fromkeys(FOLLOWED, jobs.note),
    }
