"""The service on a real PostgreSQL and a real mail server: events in, events and mails out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from ytempire.events import Money
from ytempire.events.billing import (
    DisputeClosed,
    DisputeOpened,
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
)
from ytempire.events.media import VideoAccepted, VideoRendered
from ytempire.events.publisher import ChannelConnected, PublicationVerified, VideoPublished
from ytempire.events.support import TicketReplied
from ytempire.events.values import AssetRef
from ytempire.eventstore import Delivery, derived_id, new_id
from ytempire.eventstore.audit import verify
from ytempire.eventstore.filling import Carried
from ytempire.eventstore.shadow import rebuild
from ytempire.eventstore.vault import Vault
from ytempire.onboarding.domain.events import MailQueued, MailWithheld
from ytempire.onboarding.projections import JOURNEYS
from ytempire.onboarding.projections.journeys import journeys

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
DIGEST = "ab" * 32


async def test_sign_up_sends_a_link_and_following_it_makes_the_user(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    types = [name for name in await platform.bench.types() if name != "JourneyStood"]
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
        "LinkUsed",
        "UserCreated",
        "EmailVerified",
        "OnboardingStepCompleted",
        "OnboardingStepCompleted",
    ]
    assert platform.inbox.mails[0]["To"] == "ada@studio.example"
    records = await platform.bench.log()
    assert {r.meta["tenant"] for r in records} == {user}


async def test_nothing_personal_and_no_token_lies_in_the_log(platform: Any) -> None:
    await platform.sign_up(new_id(), full_name="Augusta Byron", company_name="Analytical Ltd")
    token = re.search(r"token=([\w-]+)", platform.inbox.text())
    log = " ".join(str(record.data) for record in await platform.bench.log())
    assert token
    for secret in ("ada@", "studio.example", "Augusta", "Analytical", token[1]):
        assert secret not in log


async def test_a_request_that_comes_twice_is_handled_once(platform: Any) -> None:
    user = new_id()
    event = platform.request(user)
    first = await platform.deliver(event, tenant=user)
    await platform.deliver(event, tenant=user, id=first)
    await platform.bench.settle()
    assert (await platform.bench.types()).count("SignUpAccepted") == 1
    assert len(platform.inbox.mails) == 1


async def test_eight_who_want_one_address_at_once_get_five_links_and_one_account(platform: Any) -> None:
    await asyncio.gather(*(platform.sign_up(new_id()) for _ in range(8)))
    types = await platform.bench.types()
    assert (types.count("SignUpAccepted"), types.count("SignUpRejected")) == (5, 3)
    tokens = [platform.inbox.token(number) for number in range(5)]
    await asyncio.gather(*(platform.follow(EmailVerificationRequested, token) for token in tokens))
    types = await platform.bench.types()
    assert (types.count("UserCreated"), types.count("EmailVerificationRejected")) == (1, 4)


async def test_a_taken_address_is_refused_and_its_holder_hears_of_it_once_a_day(platform: Any) -> None:
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


async def test_what_is_no_sign_up_is_refused(platform: Any) -> None:
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


async def test_a_sign_up_whose_sealed_part_expired_is_refused_and_not_lost(platform: Any) -> None:
    waiting = platform.request(new_id())
    platform.clock.offset += timedelta(hours=1)
    await platform.deliver(waiting)
    assert (await platform.last())["code"] == "sign_up_expired"


async def test_an_unknown_link_is_refused(platform: Any) -> None:
    await platform.deliver(EmailVerificationRequested(token_digest="cd" * 32))
    rejected = await platform.last()
    assert (rejected["code"], rejected["field"]) == ("unknown_token", "token")


async def set_up(platform: Any, user: str) -> None:
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


async def test_the_whole_journey_ends_with_a_welcome(platform: Any) -> None:
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


async def test_the_read_model_tells_how_far_everybody_is_and_can_be_rebuilt(platform: Any) -> None:
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


async def test_facts_of_other_services_become_mails_once_each(platform: Any) -> None:
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


async def test_what_happens_to_a_subscription_is_told_once(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    failed = PaymentFailed(user_id=user, invoice_id="in_1", code="payment_failed", attempt=1, next_attempt_at=START)
    ended = SubscriptionCancelled(user_id=user, subscription_id="sub_1")
    refund = RefundIssued(user_id=user, invoice_id="in_1", amount=Money.parse("10", "USD"), refund_id="re_1")
    disputed = {"user_id": user, "dispute_id": "dp_1", "invoice_id": "in_1", "amount": Money.parse("97", "USD")}
    opened, won = DisputeOpened(**disputed), DisputeClosed(**disputed, won=True)
    lost = won.model_copy(update={"dispute_id": "dp_2", "won": False})
    again = failed.model_copy(update={"attempt": 2})
    for event in (failed, failed, again, ended, ended, refund, refund, opened, opened, won, won, lost):
        await platform.deliver(event, tenant=user)
    await platform.deliver(SubscriptionRecovered(user_id=user, subscription_id="sub_1"), tenant=user)
    await platform.bench.settle()
    assert sorted(platform.inbox.subjects()[1:]) == [
        "The dispute is settled: everything goes on",
        "We refunded 10.00 USD",
        "Your bank decided about your payment of 97.00 USD",
        "Your bank took a payment of 97.00 USD back",
        "Your payment did not go through",
        "Your payment did not go through",
        "Your payment went through: everything goes on",
        "Your subscription has ended",
    ]


async def test_a_receipt_has_the_vat_number_and_the_log_has_it_encrypted(platform: Any) -> None:
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
    platform: Any,
) -> None:
    await platform.sign_up(new_id())
    (queued,) = [record for record in await platform.bench.log() if record.type == MailQueued.type_name()]
    reaction = next(r for r in platform.bench.service.reactions if r.name == "mail")
    await reaction.handlers[MailQueued](queued.event, Delivery(queued.envelope(), reaction.name, 2))
    assert len(platform.inbox.mails) == 1
    assert (await platform.bench.types()).count("MailSent") == 1


async def test_a_server_that_asks_to_wait_gets_the_same_mail_later(platform: Any) -> None:
    platform.inbox.refuse["ada@studio.example"] = ["450 come back", "451 and again"]
    await platform.sign_up(new_id())
    assert len(platform.inbox.mails) == 1
    assert (await platform.bench.types()).count("MailSent") == 1


async def test_a_refused_address_is_withheld_and_not_tried_for_ever(platform: Any) -> None:
    platform.inbox.refuse["ada@studio.example"] = ["550 no such person"]
    await platform.sign_up(new_id())
    (withheld,) = await platform.bench.events(MailWithheld)
    assert withheld.code == "address_refused"
    assert not platform.inbox.mails


async def test_an_erased_customer_gets_no_mail(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    await Vault(platform.bench.store.pool, lambda: [platform.kek]).erase(user)
    await platform.deliver(TrialEnding(user_id=user, trial_ends_at=START), tenant=user)
    await platform.bench.settle()
    (withheld,) = await platform.bench.events(MailWithheld)
    assert withheld.code == "erased"
    assert len(platform.inbox.mails) == 1
