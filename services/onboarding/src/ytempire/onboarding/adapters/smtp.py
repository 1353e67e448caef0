"""Letters over SMTP."""

from __future__ import annotations

from ytempire.chassis import Mail, Mailer
from ytempire.chassis.telemetry import span
from ytempire.eventstore import PermanentError
from ytempire.onboarding.ports import AddressRefusedError, Post


class SmtpPostman:
    """Hands letters to one SMTP server."""

    def __init__(self, host: str, port: int) -> None:
        self._mailer = Mailer(host, port)

    async def send(self, post: Post) -> None:
        """
        :raises AddressRefusedError: if the server refuses the address for good.
        :raises ytempire.eventstore.TransientError: if the server cannot be reached or asks to wait.
        """
        letter = post.letter
        try:
            with span("smtp send"):
                await self._mailer.send(
                    Mail(post.to, letter.subject, letter.text, letter.html, post.message_id, post.unsubscribe)
                )
        except PermanentError as error:
            raise AddressRefusedError(str(error)) from error
