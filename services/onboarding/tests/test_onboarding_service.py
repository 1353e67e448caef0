"""The service on a real PostgreSQL and a real mail server: events in, events and mails out."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope
from nacl.public import PrivateKey
from sqlalchemy import select

from ytempire.chassis import Sealer
from ytempire.chassis.testing import Bench, ManualClock, running, settings_of
from ytempire.cli.testing import NatsAccess, ServiceDatabaseFactory
from ytempire.events import Event, Money
from ytempire.events.billing import (
    InvoicePaid,
    PaymentFailed,
    RefundIssued,
    SubscriptionCancelled,
    SubscriptionRecovered,
    SubscriptionStarted,
    TaxChanged,
    TrialEnding,
)
from ytempire.events.gateway import (
    EmailVerificationRequested,
    NicheChoiceRequested,
    NichesRequested,
    PlanSelectionRequested,
    PreferencesSubmitted,
    SignUpRequested,
)
from ytempire.events.media import VideoAccepted, VideoRendered
from ytempire.events.onboarding import UserCreated
from ytempire.events.publisher import ChannelConnected, PublicationVerified, VideoPublished
from ytempire.events.support import TicketReplied
from ytempire.events.values import AssetRef
from ytempire.eventstore import Delivery, derived_id, new_id
from ytempire.eventstore.audit import verify
from ytempire.eventstore.filling import Carried
from ytempire.eventstore.shadow import rebuild
from ytempire.eventstore.vault import Vault
from ytempire.onboarding.adapters.tokens import SecretTokens
from ytempire.onboarding.bootstrap import DEFINITION, KEK_FILE
from ytempire.onboarding.domain.events import MailQueued, MailWithheld
from ytempire.onboarding.projections import JOURNEYS
from ytempire.onboarding.projections.journeys import journeys

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
DIGEST = "ab" * 32


class Inbox:
    """A mail server's handler: keeps what it takes, refuses what it is told to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
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
        self.mails.append(mail)
        return "250 OK"

    def text(self, number: int = -1) -> str:
        part = self.mails[number].get_body(("plain",))
        assert part is not None
        return str(part.get_content())

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

    def request(self, user_id: str, **changes: Any) -> SignUpRequested:
        value = {"email": "ada@studio.example", "full_name": "Ada", "company_name": None} | changes
        sealed = self.sealer.seal("onboarding", value, self.clock.now(), timedelta(minutes=10))
        return SignUpRequested(user_id=user_id, email_digest=DIGEST, sealed=sealed)

    async def sign_up(self, user_id: str, **changes: Any) -> None:
        await self.deliver(self.request(user_id, **changes), tenant=user_id)
        await self.bench.settle()

    async def follow_link(self) -> None:
        found = re.search(r"token=([\w-]+)", self.inbox.text())
        assert found
        await self.deliver(EmailVerificationRequested(token_digest=SecretTokens().digest(found[1])))

    async def verified(self, user_id: str) -> None:
        await self.sign_up(user_id)
        await self.follow_link()

    async def last(self) -> dict[str, Any]:
        return (await self.bench.log())[-1].data


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


async def test_sign_up_sends_a_link_and_following_it_makes_the_user(platform: Platform) -> None:
    user = new_id()
    await platform.verified(user)
    types = await platform.bench.types()
    assert types[:5] == [
        "AddressReserved",
        "VerificationIssued",
        "ProfileRecorded",
        "SignUpAccepted",
        "MailQueued",
    ]
    assert types[5] == "MailSent"
    assert types[6:] == [
        "AddressConfirmed",
        "UserCreated",
        "EmailVerified",
        "OnboardingStepCompleted",
        "OnboardingStepCompleted",
    ]
    assert platform.inbox.mails[0]["To"] == "ada@studio.example"
    records = await platform.bench.log()
    assert {r.meta["tenant"] for r in records} == {user}


async def test_nothing_personal_and_no_token_lies_in_the_log(platform: Platform) -> None:
    await platform.sign_up(new_id(), full_name="Augusta Byron", company_name="Analytical Ltd")
    token = re.search(r"token=([\w-]+)", platform.inbox.text())
    log = " ".join(str(record.data) for record in await platform.bench.log())
    assert token
    for secret in ("ada@", "studio.example", "Augusta", "Analytical", token[1]):
        assert secret not in log


async def test_a_request_that_comes_twice_is_handled_once(platform: Platform) -> None:
    user = new_id()
    event = platform.request(user)
    first = await platform.deliver(event, tenant=user)
    await platform.deliver(event, tenant=user, id=first)
    await platform.bench.settle()
    assert (await platform.bench.types()).count("SignUpAccepted") == 1
    assert len(platform.inbox.mails) == 1


async def test_two_who_want_one_address_at_once_do_not_both_get_it(platform: Platform) -> None:
    await asyncio.gather(*(platform.sign_up(new_id()) for _ in range(8)))
    types = await platform.bench.types()
    assert (types.count("SignUpAccepted"), types.count("SignUpRejected")) == (1, 7)


async def test_a_taken_address_is_refused_and_its_holder_hears_of_it_once_a_day(platform: Platform) -> None:
    await platform.verified(new_id())
    for _ in range(3):
        await platform.sign_up(new_id())
    rejected = await platform.last()
    assert rejected["code"] == "email_taken"
    await platform.bench.settle()
    assert platform.inbox.subjects()[1:] == ["Somebody tried to sign up with your address"]
    platform.clock.offset += timedelta(days=1)
    await platform.sign_up(new_id())
    await platform.bench.settle()
    assert len(platform.inbox.mails) == 3


async def test_what_is_no_sign_up_is_refused(platform: Platform) -> None:
    for changes, code, field in (
        ({"email": "nobody"}, "invalid_email", "email"),
        ({"email": "a@b.example\nBcc: x@y.example"}, "invalid_email", "email"),
        ({"full_name": "  "}, "invalid_name", "full_name"),
        ({"company_name": "x" * 201}, "invalid_company", "company_name"),
    ):
        await platform.sign_up(new_id(), **changes)
        rejected = await platform.last()
        assert (rejected["code"], rejected["field"]) == (code, field)
    assert set(await platform.bench.types()) == {"SignUpRejected"}


async def test_a_sign_up_whose_sealed_part_expired_is_refused_and_not_lost(platform: Platform) -> None:
    waiting = platform.request(new_id())
    platform.clock.offset += timedelta(hours=1)
    await platform.deliver(waiting)
    assert (await platform.last())["code"] == "sign_up_expired"


async def test_an_unknown_link_is_refused(platform: Platform) -> None:
    await platform.deliver(EmailVerificationRequested(token_digest="cd" * 32))
    rejected = await platform.last()
    assert (rejected["code"], rejected["field"]) == ("unknown_token", "token")


async def test_a_link_expires_after_a_day_and_its_address_is_free_again(platform: Platform) -> None:
    await platform.sign_up(new_id())
    await platform.bench.settle()
    platform.clock.offset += timedelta(hours=24)
    await platform.follow_link()
    assert (await platform.last())["code"] == "expired_token"
    second = new_id()
    await platform.sign_up(second)
    await platform.bench.settle()
    await platform.follow_link()
    assert [e.user_id for e in await platform.bench.events(UserCreated)] == [second]


async def test_a_link_that_is_followed_again_is_answered_as_success(platform: Platform) -> None:
    await platform.verified(new_id())
    before = await platform.bench.types()
    platform.clock.offset += timedelta(days=3)
    await platform.follow_link()
    assert await platform.bench.types() == [*before, "EmailVerified"]


async def set_up(platform: Platform, user: str) -> None:
    """From the plan to the first video, with facts of other services in an unlucky order."""
    channel, video = new_id(), new_id()
    sealed = platform.sealer.seal("onboarding", {}, START, timedelta(minutes=1))
    for event in (
        ChannelConnected(
            channel_id=channel,
            user_id=user,
            niche_id="history",
            youtube_channel_id="UC1",
            title="Past",
            monetised=False,
            scopes=(),
            analytics_grant=sealed,
        ),
        PlanSelectionRequested(user_id=user, plan="gold"),
        PlanSelectionRequested(user_id=user, plan="starter"),
        VideoAccepted(video_id=video, user_id=user, channel_id=channel, length_s=60),
        subscription(user),
        NichesRequested(user_id=user, interests=("history",), experience="beginner", budget_usd=100),
        NicheChoiceRequested(user_id=user, niche_ids=("history", "space")),
        PreferencesSubmitted(user_id=user, timezone="Europe/Berlin"),
    ):
        await platform.deliver(event, tenant=user)


def subscription(user: str) -> SubscriptionStarted:
    return SubscriptionStarted(
        user_id=user,
        subscription_id="sub_1",
        plan="starter",
        status="trialing",
        trial_ends_at=START + timedelta(days=7),
        period_start=START,
        period_end=START + timedelta(days=7),
    )


async def test_the_whole_journey_ends_with_a_welcome(platform: Platform) -> None:
    user = new_id()
    await platform.verified(user)
    await set_up(platform, user)
    await platform.bench.settle()
    types = await platform.bench.types()
    assert types.count("OnboardingStepCompleted") == 8
    assert types.count("OnboardingCompleted") == 1
    assert types.count("PlanRejected") == 1
    assert types.count("NichesRecommended") == 1
    assert sorted(platform.inbox.subjects()[1:]) == [
        "You are set up: your first video is being made",
        "Your trial has begun",
    ]
    assert (await verify(platform.bench.store)).ok


async def test_the_read_model_tells_how_far_everybody_is_and_can_be_rebuilt(platform: Platform) -> None:
    user = new_id()
    await platform.verified(user)
    await set_up(platform, user)
    await platform.bench.settle()
    async with platform.bench.host.models.reading(JOURNEYS) as connection:
        row = (await connection.execute(select(journeys))).one()
    assert (row.user_id, row.plan, row.steps_done, row.next_step, row.mails_sent) == (user, "starter", 8, None, 3)
    assert row.completed_at is not None

    async def nothing(_: str, first: int) -> AsyncIterator[Carried]:
        return
        yield

    rebuilt = await rebuild(platform.bench.store, platform.bench.host.models, JOURNEYS, nothing)
    assert (rebuilt.equal, rebuilt.rows) == (True, 1)


def rendered(user: str, video: str, title: str) -> VideoRendered:
    asset = AssetRef(key="k", sha256="00" * 32, bytes=1, media_type="video/mp4")
    return VideoRendered(
        video_id=video,
        user_id=user,
        channel_id=derived_id("channel"),
        title=title,
        summary="s",
        chapters=(),
        sources=(),
        credits=(),
        tags=(),
        video=asset,
        thumbnail=asset,
        captions=asset,
        duration_s=61.7,
        width=1920,
        height=1080,
        fps=30,
        lufs=-14,
        true_peak_dbtp=-1.5,
        words=150,
        templates={},
        cost=Money(micros=1, currency="USD"),
    )


async def test_facts_of_other_services_become_mails_once_each(platform: Platform) -> None:
    user, first, second = new_id(), new_id(), new_id()
    await platform.verified(user)
    ends = START + timedelta(days=7)
    ids = {"user_id": user, "channel_id": new_id()}
    published = VideoPublished(
        **ids,
        video_id=first,
        platform_video_id="v1",
        url="https://youtube.example/v1",
        privacy="public",
        published_at=START,
    )
    checked = PublicationVerified(
        **ids, video_id=first, platform_video_id="v1", verified=True, privacy="public", differences=()
    )
    nothing_due = InvoicePaid(
        user_id=user,
        invoice_id="in_0",
        net=Money.zero(),
        tax=Money.zero(),
        period_start=START,
        period_end=ends,
    )
    paid = nothing_due.model_copy(update={"invoice_id": "in_1", "net": Money.parse("97", "USD")})
    replied = TicketReplied(ticket_id=new_id(), user_id=user, template="no_sound", automatic=True)
    unheard = TicketReplied(ticket_id=new_id(), user_id=user, template="never_written", automatic=True)
    early = [checked, published, rendered(user, first, "Why bridges hum")]
    await asyncio.gather(*(platform.deliver(event, tenant=user) for event in early))
    for event in (
        subscription(user),
        *early,
        rendered(user, second, "Why rails sing"),
        TrialEnding(user_id=user, trial_ends_at=ends),
        nothing_due,
        paid,
        replied,
        unheard,
    ):
        await platform.deliver(event, tenant=user)
        await platform.deliver(event, tenant=user)
    await platform.bench.settle()
    assert sorted(platform.inbox.subjects()[1:]) == [
        "About the sound of your video",
        "Payment received: 97.00 USD",
        "Published: Why bridges hum",
        "We have your ticket",
        "Your first video is ready: Why bridges hum",
        "Your trial ends on Saturday, 17 January 2026",
        "Your trial has begun",
    ]
    assert len({mail["Message-ID"] for mail in platform.inbox.mails}) == 8


async def test_what_happens_to_a_subscription_is_told_once(platform: Platform) -> None:
    user = new_id()
    await platform.verified(user)
    failed = PaymentFailed(user_id=user, invoice_id="in_1", code="payment_failed", attempt=1, next_attempt_at=START)
    ended = SubscriptionCancelled(user_id=user, subscription_id="sub_1")
    refund = RefundIssued(user_id=user, invoice_id="in_1", amount=Money.parse("10", "USD"), refund_id="re_1")
    for event in (failed, failed, failed.model_copy(update={"attempt": 2}), ended, ended, refund, refund):
        await platform.deliver(event, tenant=user)
    await platform.deliver(SubscriptionRecovered(user_id=user, subscription_id="sub_1"), tenant=user)
    await platform.bench.settle()
    assert sorted(platform.inbox.subjects()[1:]) == [
        "We refunded 10.00 USD",
        "Your payment did not go through",
        "Your payment did not go through",
        "Your payment went through: everything goes on",
        "Your subscription has ended",
    ]


async def test_a_receipt_has_the_vat_number_and_the_log_has_it_encrypted(platform: Platform) -> None:
    user = new_id()
    await platform.verified(user)
    now = platform.clock.now()
    paid = InvoicePaid(
        user_id=user,
        invoice_id="in_1",
        net=Money.parse("97", "USD"),
        tax=Money.zero(),
        period_start=START,
        period_end=START + timedelta(days=30),
        reverse_charge=True,
        receipt=platform.sealer.seal("onboarding", {"vat_id": "FR12345678901"}, now, timedelta(days=7)),
    )
    await platform.deliver(paid, tenant=user)
    await platform.bench.settle()
    assert "Your VAT number: FR12345678901" in platform.inbox.text()
    assert "You owe the VAT" in platform.inbox.text()
    taxed = TaxChanged(user_id=user, country="FR", treatment="reverse_charge", percent="0", vat_id="verified")
    again = await platform.deliver(taxed, tenant=user)
    await platform.deliver(taxed, tenant=user, id=again)
    await platform.bench.settle()
    assert platform.inbox.subjects()[2:] == ["How your invoices are taxed from now on"]
    assert not any("FR12345678901" in str(record.data) for record in await platform.bench.log())


async def test_rule_4_6_a_mail_that_was_sent_is_not_sent_again_when_its_queueing_is_delivered_again(
    platform: Platform,
) -> None:
    await platform.sign_up(new_id())
    (queued,) = [record for record in await platform.bench.log() if record.type == MailQueued.type_name()]
    (reaction,) = platform.bench.service.reactions
    await reaction.handlers[MailQueued](queued.event, Delivery(queued.envelope(), reaction.name, 2))
    assert len(platform.inbox.mails) == 1
    assert (await platform.bench.types()).count("MailSent") == 1


async def test_a_server_that_asks_to_wait_gets_the_same_mail_later(platform: Platform) -> None:
    platform.inbox.refuse["ada@studio.example"] = ["450 come back", "451 and again"]
    await platform.sign_up(new_id())
    assert len(platform.inbox.mails) == 1
    assert (await platform.bench.types()).count("MailSent") == 1


async def test_a_refused_address_is_withheld_and_not_tried_for_ever(platform: Platform) -> None:
    platform.inbox.refuse["ada@studio.example"] = ["550 no such person"]
    await platform.sign_up(new_id())
    (withheld,) = await platform.bench.events(MailWithheld)
    assert withheld.code == "address_refused"
    assert not platform.inbox.mails


async def test_an_erased_customer_gets_no_mail(platform: Platform) -> None:
    user = new_id()
    await platform.verified(user)
    await Vault(platform.bench.store.pool, lambda: [platform.kek]).erase(user)
    await platform.deliver(TrialEnding(user_id=user, trial_ends_at=START), tenant=user)
    await platform.bench.settle()
    (withheld,) = await platform.bench.events(MailWithheld)
    assert withheld.code == "erased"
    assert len(platform.inbox.mails) == 1
