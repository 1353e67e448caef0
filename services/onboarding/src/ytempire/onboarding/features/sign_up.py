"""Begin an account: keep the profile, send the link. The address is nobody's before the link is followed."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.events import Event
from ytempire.events.gateway import SignUpRequested
from ytempire.events.onboarding import SignUpAccepted, SignUpRejected
from ytempire.eventstore import NO_STREAM, Delivery, EventStore, PermanentError, StreamAppend, Unit
from ytempire.onboarding.domain import account, links
from ytempire.onboarding.domain.access import lapse_timer
from ytempire.onboarding.domain.address import ADDRESS, AddressTakenError, Reserve, TooManyLinksError
from ytempire.onboarding.domain.events import ProfileRecorded, VerificationIssued
from ytempire.onboarding.domain.links import LIFE, Purpose
from ytempire.onboarding.features.commit import commit
from ytempire.onboarding.features.letter import letter_with_token
from ytempire.onboarding.features.queue_mail import QueueMail
from ytempire.onboarding.ports import AddressCheck, Cipher, Now, Opens, Tokens

MOST_NAME = 200
VERIFY = "verify_address"
TAKEN = "address_taken"


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
        except TooManyLinksError:
            message = "Several links were sent to this address already, and each of them works. Use the newest one."
            await self._reject(event, delivery, "too_many_links", "email", message)

    async def _accept(self, event: SignUpRequested, applicant: Applicant, delivery: Delivery) -> None:
        user_id, digest, token = event.user_id, event.email_digest, self._tokens.new()
        stream = f"email-{digest}"
        opened = (await self._profile(user_id, applicant), SignUpAccepted(user_id=user_id))
        begun = StreamAppend(account.stream_of(user_id), opened, NO_STREAM)
        mail = await letter_with_token(self._cipher, user_id, VERIFY, user_id, token)

        async def decided() -> Unit:
            now = self._now()
            lapses_at = now + LIFE[Purpose.VERIFICATION]
            address, version = await self._store.state(ADDRESS, stream)
            reserved = ADDRESS.decide(address, Reserve(user_id, digest, now, lapses_at))
            issued = VerificationIssued(user_id=user_id, email_digest=digest, expires_at=lapses_at)
            link = links.stream_of(Purpose.VERIFICATION, self._tokens.digest(token))
            appends = (StreamAppend(stream, reserved, version), StreamAppend(link, (issued,), NO_STREAM), begun, mail)
            return Unit(appends, delivery.claim, (lapse_timer(user_id, now),))

        await commit(self._store, decided)

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
        await self._queue(taken.holder, TAKEN, (taken.holder, self._now().date().isoformat()), {})
        message = "This address belongs to an account already. Log in, or set a new password."
        await self._reject(event, delivery, "email_taken", "email", message)

    async def _reject(self, event: SignUpRequested, delivery: Delivery, code: str, field: str, message: str) -> None:
        rejected: Event = SignUpRejected(user_id=event.user_id, code=code, field=field, message=message)
        await self._store.append(f"signup-{event.user_id}", rejected, claim=delivery.claim)


def _read(value: dict[str, object]) -> Applicant:
    def text(name: str) -> str:
        return str(value.get(name) or "").strip()

    return Applicant(text("email"), text("full_name"), text("company_name") or None)
