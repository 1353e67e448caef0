"""Foreign events in."""

from __future__ import annotations

from ytempire.events.billing import EntitlementsChanged
from ytempire.events.gateway import TicketRequested
from ytempire.eventstore import Handlers
from ytempire.support.features.follow_customer import FollowCustomer
from ytempire.support.features.follow_job import FOLLOWED, FollowJob
from ytempire.support.features.open_ticket import OpenTicket


def subscriptions(tickets: OpenTicket, jobs: FollowJob, customers: FollowCustomer) -> Handlers:
    return {
        TicketRequested: tickets.request,
        EntitlementsChanged: customers.note_plan,
        **dict.fromkeys(FOLLOWED, jobs.note),
    }
