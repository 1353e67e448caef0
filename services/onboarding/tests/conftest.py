"""The service on a real PostgreSQL with a real mail server, on a clock that the tests move."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope
from nacl.public import PrivateKey

from ytempire.chassis import Sealer
from ytempire.chassis.testing import Bench, ManualClock, running, settings_of
from ytempire.cli.testing import NatsAccess, ServiceDatabaseFactory
from ytempire.events import Event
from ytempire.events.gateway import EmailVerificationRequested, SignUpRequested
from ytempire.eventstore import Recorded
from ytempire.onboarding.adapters.tokens import SecretTokens
from ytempire.onboarding.bootstrap import DEFINITION, KEK_FILE
from ytempire.onboarding.domain.events import UnsubscribeLinkIssued

DIGEST = "ab" * 32


class Inbox:
    """A mail server's handler: keeps what it takes, refuses what it is told to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.reminders: list[EmailMessage] = []
        """Kept apart: they come by themselves when a test moves the clock."""
        self.refuse: dict[str, list[str]] = {}

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        if answers := self.refuse.get(address):
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: SmtpEnvelope) -> str:
        mail = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        (self.reminders if "List-Unsubscribe" in mail else self.mails).append(mail)
        return "250 OK"

    def text(self, number: int = -1) -> str:
        part = self.mails[number].get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    def token(self, number: int = -1) -> str:
        """Of the link in a mail."""
        found = re.search(r"token=([\w-]+)", self.text(number))
        assert found, self.text(number)
        return found[1]

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@dataclass
class Platform:
    """The running service with what surrounds it."""

    bench: Bench
    clock: ManualClock
    sealer: Sealer
    inbox: Inbox
    kek: bytes

    async def deliver(self, event: Event, *, tenant: str = "platform", id: str | None = None) -> str:
        """Hand over a foreign event; returns its id, to deliver it again."""
        return (await self.bench.deliver(event, tenant=tenant, id=id)).id

    def request(self, user_id: str, digest: str = DIGEST, **changes: Any) -> SignUpRequested:
        value = {"email": "ada@studio.example", "full_name": "Ada", "company_name": None} | changes
        sealed = self.sealer.seal("onboarding", value, self.clock.now(), timedelta(minutes=10))
        return SignUpRequested(user_id=user_id, email_digest=digest, sealed=sealed)

    async def sign_up(self, user_id: str, **changes: Any) -> None:
        await self.deliver(self.request(user_id, **changes), tenant=user_id)
        await self.bench.settle()

    async def follow_link(self) -> None:
        await self.follow(EmailVerificationRequested, self.inbox.token())

    async def follow(self, intent: Any, token: str, **fields: Any) -> None:
        """Follow the link of a token, and let everything happen that follows."""
        await self.deliver(intent(token_digest=SecretTokens().digest(token), **fields))
        await self.bench.settle()

    async def verified(self, user_id: str) -> None:
        await self.sign_up(user_id)
        await self.follow_link()

    async def last(self) -> dict[str, Any]:
        """What was recorded last, beside reminders, which follow by themselves."""
        records = await self.bench.log()
        return next(r.data for r in reversed(records) if not _reminds(r))


def _reminds(record: Recorded) -> bool:
    of_mail = str(record.data.get("template", "")).startswith("reminder_")
    return of_mail or record.stream.startswith("reminders-") or record.type == UnsubscribeLinkIssued.type_name()


@asynccontextmanager
async def mail_server(inbox: Inbox) -> AsyncIterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, loop=loop), sock=listening)
    try:
        yield listening.getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def platform(
    service_database: ServiceDatabaseFactory, nats_server: NatsAccess, tmp_path: Path
) -> AsyncIterator[Platform]:
    key, kek, inbox, clock = PrivateKey.generate(), os.urandom(32), Inbox(), ManualClock()
    (tmp_path / "onboarding.seal.key").write_bytes(base64.b64encode(bytes(key)))
    (tmp_path / "onboarding.seal.pub").write_bytes(base64.b64encode(bytes(key.public_key)))
    # the gateway, to which the addresses of open invitations are sealed
    (tmp_path / "gateway.seal.key").write_bytes(base64.b64encode(bytes(key)))
    (tmp_path / "gateway.seal.pub").write_bytes(base64.b64encode(bytes(key.public_key)))
    (tmp_path / KEK_FILE).write_bytes(base64.b64encode(kek))
    async with mail_server(inbox) as port:
        settings = settings_of(
            DEFINITION,
            database=service_database("onboarding"),
            nats=nats_server,
            secrets_dir=tmp_path,
            folder=tmp_path,
            public_url="https://app.example",
            smtp_host="127.0.0.1",
            smtp_port=port,
        )
        async with running(DEFINITION, settings, clock) as bench:
            yield Platform(bench, clock, Sealer(tmp_path), inbox, kek)
