"""Sending mail over SMTP."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage

import aiosmtplib

from ytempire.eventstore import PermanentError, TransientError

_SENDER = "YTEMPIRE <no-reply@ytempire.example>"


@dataclass(frozen=True, slots=True)
class Mail:
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    """The same for every try of one mail, so that a receiver can tell a repetition."""
    unsubscribe: str | None = None
    """An https address that stops mails of this kind when it is posted to, without a log-in (RFC 8058)."""


class Mailer:
    """Hands mails to one SMTP server."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def send(self, mail: Mail) -> None:
        """Hand over a mail.

        :raises PermanentError: if the server refuses the receiver.
        :raises TransientError: if the server cannot be reached or asks to wait.
        """
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = _SENDER, mail.to, mail.subject
        message["Message-ID"] = mail.message_id
        message["Auto-Submitted"] = "auto-generated"
        if mail.unsubscribe is not None:
            message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        try:
            await aiosmtplib.send(message, hostname=self._host, port=self._port, timeout=15, start_tls=False)
        except aiosmtplib.SMTPRecipientsRefused as error:
            # 4xx asks to come back (greylisting, a full queue); only 5xx is final
            if any(refused.code < 500 for refused in error.recipients):
                raise TransientError("the mail server asks to try the address later") from error
            raise PermanentError("the mail server refuses the address") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TransientError(f"the mail server did not take the mail: {type(error).__name__}") from error
