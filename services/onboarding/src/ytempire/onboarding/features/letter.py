"""A mail that commits together with what it is about."""

from __future__ import annotations

from ytempire.eventstore import NO_STREAM, StreamAppend
from ytempire.onboarding.domain.events import MailQueued
from ytempire.onboarding.domain.mail import mail_id_for, secret_field, stream_of
from ytempire.onboarding.ports import Cipher


async def letter_with_token(
    cipher: Cipher, user_id: str, template: str, occasion: str, token: str, to: str | None = None
) -> StreamAppend:
    """A mail that carries the token of a link, encrypted until it is sent.

    :param to: ciphertext of the address, if it is not the account's.
    """
    mail_id = mail_id_for(template, user_id, occasion)
    secret = await cipher.encrypt(user_id, secret_field(mail_id, "token"), token)
    queued = MailQueued(mail_id=mail_id, user_id=user_id, template=template, personal={"token": secret}, to=to)
    return StreamAppend(stream_of(mail_id), (queued,), NO_STREAM)


def letter(
    user_id: str, template: str, occasion: str, data: dict[str, str] | None = None, to: str | None = None
) -> StreamAppend:
    """A mail without anything personal in it."""
    mail_id = mail_id_for(template, user_id, occasion)
    queued = MailQueued(mail_id=mail_id, user_id=user_id, template=template, data=data or {}, to=to)
    return StreamAppend(stream_of(mail_id), (queued,), NO_STREAM)
