"""Open an account: reserve the address, keep the profile, send the link."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events import Event
from ytempire.events.gateway import SignUpRequested
from ytempire.events.onboarding import SignUpAccepted, SignUpRejected
from ytempire.eventstore import NO_STREAM, Delivery, EventStore, PermanentError, StreamAppend, Unit
from ytempire.onboarding.domain import account, mail
from ytempire.onboarding.domain.address import ADDRESS, AddressTakenError, Reserve, decide
from ytempire.onboarding.domain.events import MailQueued, ProfileRecorded, VerificationIssued
from ytempire.onboarding.domain.verification import LINK_LIFE
from ytempire.onboarding.features.commit import commit
from ytempire.onboarding.features.queue_mail import QueueMail
from ytempire.onboarding.ports import AddressCheck, Cipher, Now, Opens, Tokens

MOST_NAME = 200
VERIFY = "verify_address"
TAKEN = "address_taken"
TAKEN_PENDING = "address_taken_pending"


@dataclass(frozen=True, slots=True)
class Applicant:
    """What somebody typed into the form."""

    email: str
    full_name: str
    company_name: str | None


class SignUp:
    """Handles ``SignUpRequested``."""

    def __init__(
        self,
        store: EventStore,
        cipher: Cipher,
        opens: Opens,
        tokens: Tokens,
        queue: QueueMail,
        is_address: AddressCheck,
        now: Now,
    ) -> None:
        self._store, self._cipher, self._opens, self._tokens = store, cipher, opens, tokens
        self._queue, self._is_address, self._now = queue, is_address, now

    async def __call__(self, event: SignUpRequested, delivery: Delivery) -> None:
        if await self._store.claimed(delivery.claim) is not None:
            return
        try:
            applicant = _read(self._opens.open(event.sealed, self._now()))
        except PermanentError:
            message = "Your sign-up waited too long to be handled. Please sign up again."
            await self._reject(event, delivery, "sign_up_expired", "", message)
            return
        fault = self._fault(applicant)
        if fault:
            await self._reject(event, delivery, *fault)
            return
        try:
            await self._accept(event, applicant, delivery)
        except AddressTakenError as taken:
            await self._turn_away(event, taken, delivery)

    async def _accept(self, event: SignUpRequested, applicant: Applicant, delivery: Delivery) -> None:
        token = self._tokens.new()
        stream = f"email-{event.email_digest}"
        own = await self._own_streams(event, applicant, token)

        async def decided() -> Unit:
            now = self._now()
            address, version = await self._store.state(ADDRESS, stream)
            command = Reserve(event.user_id, event.email_digest, now, now + LINK_LIFE)
            issued = VerificationIssued(
                user_id=event.user_id, email_digest=event.email_digest, expires_at=now + LINK_LIFE
            )
            reserved = StreamAppend(stream, decide(address, command), version)
            link = StreamAppend(f"verification-{self._tokens.digest(token)}", (issued,), NO_STREAM)
            return Unit((reserved, link, *own), delivery.claim)

        await commit(self._store, decided)

    async def _own_streams(self, event: SignUpRequested, applicant: Applicant, token: str) -> list[StreamAppend]:
        mail_id = mail.mail_id_for(VERIFY, event.user_id)
        secret = await self._cipher.encrypt(event.user_id, mail.secret_field(mail_id, "token"), token)
        queued = MailQueued(mail_id=mail_id, user_id=event.user_id, template=VERIFY, personal={"token": secret})
        opened = (await self._profile(event.user_id, applicant), SignUpAccepted(user_id=event.user_id))
        return [
            StreamAppend(account.stream_of(event.user_id), opened, NO_STREAM),
            StreamAppend(mail.stream_of(mail_id), (queued,), NO_STREAM),
        ]

    async def _profile(self, user_id: str, applicant: Applicant) -> ProfileRecorded:
        encrypt = self._cipher.encrypt
        company = applicant.company_name
        return ProfileRecorded(
            user_id=user_id,
            email=await encrypt(user_id, "email", applicant.email),
            full_name=await encrypt(user_id, "full_name", applicant.full_name),
            company_name=await encrypt(user_id, "company_name", company) if company else None,
        )

    def _fault(self, applicant: Applicant) -> tuple[str, str, str] | None:
        if not self._is_address(applicant.email):
            return "invalid_email", "email", "This is no e-mail address we can send to. Check it for mistakes."
        if not applicant.full_name or len(applicant.full_name) > MOST_NAME:
            return "invalid_name", "full_name", f"Give your name, in at most {MOST_NAME} characters."
        if len(applicant.company_name or "") > MOST_NAME:
            return "invalid_company", "company_name", f"Give your company in at most {MOST_NAME} characters."
        return None

    async def _turn_away(self, event: SignUpRequested, taken: AddressTakenError, delivery: Delivery) -> None:
        """The holder hears of it, at most once a day; whoever asked is told nothing that a stranger may not know."""
        template = TAKEN if taken.confirmed else TAKEN_PENDING
        await self._queue(taken.holder, template, (taken.holder, self._now().date().isoformat()), {})
        message = "This address belongs to an account already. Log in, or use another address."
        await self._reject(event, delivery, "email_taken", "email", message)

    async def _reject(self, event: SignUpRequested, delivery: Delivery, code: str, field: str, message: str) -> None:
        rejected: Event = SignUpRejected(user_id=event.user_id, code=code, field=field, message=message)
        await self._store.append(f"signup-{event.user_id}", rejected, claim=delivery.claim)


def _read(value: dict[str, object]) -> Applicant:
    def text(name: str) -> str:
        return str(value.get(name) or "").strip()

    return Applicant(text("email"), text("full_name"), text("company_name") or None)
