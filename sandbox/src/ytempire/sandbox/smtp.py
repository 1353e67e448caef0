"""A real SMTP server that keeps every mail it is given; nothing is dropped or merged."""

import asyncio
import socket
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from ytempire.sandbox.clock import rfc3339
from ytempire.sandbox.world import World

KIND = "mail"
MOST_BYTES = 20 * 1024 * 1024


class Keeper:
    """The aiosmtpd handler: one stored document per mail received."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a mail, unless the fault plan (provider ``smtp``, action ``status``: 400-599) refuses it."""
        recipients = [str(address) for address in envelope.rcpt_tos]
        refused = self._world.faults.take("smtp", "DATA", " ".join(recipients), actions={"status"})
        if refused:
            code = refused[0].status
            self._world.journal.record("smtp", "DATA", ",".join(recipients), code, None, {"faults": ["status"]})
            return f"{code} The fault plan of the sandbox refuses this mail"
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        doc = parse(raw, str(envelope.mail_from or ""), recipients)
        id = self._world.store.next_id("mail_")
        self._world.store.put(KIND, id, {"id": id, "received_at": rfc3339(self._world.clock.now()), **doc})
        detail = {"mail": id, "subject": doc["subject"], "message_id": doc["message_id"]}
        self._world.journal.record("smtp", "DATA", ",".join(recipients), 250, None, detail)
        return f"250 OK {id}"


def parse(raw: bytes, sender: str, recipients: list[str]) -> dict[str, Any]:
    """What an inbox shows of a mail: envelope, headers in order, text and HTML bodies, attachments by name."""
    mail = message_from_bytes(raw, policy=policy.default)
    return {
        "mail_from": sender,
        "rcpt_to": recipients,
        "from": str(mail.get("From", sender)),
        "to": str(mail.get("To", ", ".join(recipients))),
        "subject": str(mail.get("Subject", "")),
        "message_id": str(mail.get("Message-ID", "")).strip(),
        "headers": [[name, str(value)] for name, value in mail.items()],
        "text": _body(mail, "plain"),
        "html": _body(mail, "html"),
        "attachments": [part.get_filename() or "" for part in mail.iter_attachments()],
        "raw": raw.decode("utf-8", "replace"),
    }


def _body(mail: EmailMessage, kind: str) -> str | None:
    part = mail.get_body((kind,))
    if part is None:
        return None
    content = part.get_content()
    return content if isinstance(content, str) else None


async def start_smtp(world: World, sock: socket.socket) -> asyncio.Server:
    """Serve SMTP on a bound socket, in the running loop."""
    keeper = Keeper(world)
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(keeper, data_size_limit=MOST_BYTES, enable_SMTPUTF8=True, ident="ytempire sandbox", loop=loop)

    return await loop.create_server(connection, sock=sock)
