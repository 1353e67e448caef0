"""A support service that only opens tickets: `python -m bench.backbone.answering`, in the place of the real one.

It is a process of the platform like any other (store, relay, consumers, vault), but it decides nothing else, so that
what is measured over HTTP is the way there and back and not how long support thinks about a ticket.
"""

from __future__ import annotations

from datetime import timedelta

import ytempire.support
from ytempire.chassis import Definition, Host, Service, ServiceSettings, run
from ytempire.events.gateway import TicketRequested
from ytempire.events.support import TicketOpened
from ytempire.eventstore import NO_STREAM, Delivery, StreamAppend, Unit
from ytempire.eventstore.vault import Vault, kek_file
from ytempire.support.bootstrap import KEK_FILE
from ytempire.support.domain.events import TicketTextKept


async def build(host: Host[ServiceSettings]) -> Service:
    """One handler: what is sealed is read, kept encrypted, and the ticket is open."""
    vault = Vault(host.store.pool, kek_file(host.settings.secrets_dir / KEK_FILE))
    opener = host.opener

    async def open_ticket(event: TicketRequested, delivery: Delivery) -> None:
        text = opener.open(event.sealed, host.clock.now())
        kept = TicketTextKept(
            ticket_id=event.ticket_id,
            user_id=event.user_id,
            subject=await vault.encrypt(event.user_id, "subject", text["subject"]),
            message=await vault.encrypt(event.user_id, "message", text["message"]),
        )
        opened = TicketOpened(
            ticket_id=event.ticket_id,
            user_id=event.user_id,
            category="general",
            priority="normal",
            status="open",
            estimated_response_at=host.clock.now() + timedelta(hours=24),
            auto_response=None,
            job=None,
        )
        append = StreamAppend(f"ticket-{event.ticket_id}", (kept, opened), NO_STREAM)
        await host.store.submit(Unit((append,), delivery.claim))

    return Service(subscriptions={TicketRequested: open_ticket})


if __name__ == "__main__":
    run(Definition("support", ServiceSettings, (), build, ytempire.support.__file__))
