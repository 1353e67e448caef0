"""Reminders through the service: when they come, what stops them, and that each is sent once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from ytempire.events import Money
from ytempire.events.billing import SubscriptionStarted
from ytempire.events.gateway import PlanSelectionRequested, ReminderChoiceRequested
from ytempire.events.onboarding import RemindersChosen
from ytempire.eventstore import Delivery, new_id
from ytempire.eventstore.vault import Vault
from ytempire.onboarding.adapters.tokens import SecretTokens
from ytempire.onboarding.domain.events import ReminderDue

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
REMINDED = "Next: choose a plan"


def reminders(platform: Any) -> list[str]:
    return [str(mail["Subject"]) for mail in platform.inbox.reminders]


async def stands_still(platform: Any, days: float) -> None:
    await platform.bench.settle()
    platform.clock.offset += timedelta(days=days)
    await platform.bench.settle()


def stop_address(mail: EmailMessage) -> str:
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<(https://app\.example/api/v1/mail/unsubscribe\?token=([\w-]+))>", mail["List-Unsubscribe"])
    assert found
    assert found[1] in text_of(mail)
    return found[2]


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def test_the_stuck_are_reminded_after_one_three_and_seven_days_and_no_more(platform: Any) -> None:
    await platform.verified(new_id())
    await platform.bench.settle()
    for days, count in ((0.9, 0), (0.2, 1), (1, 1), (1, 2), (4, 3), (30, 3)):
        await stands_still(platform, days)
        assert reminders(platform) == [REMINDED] * count
    assert "our last reminder" in text_of(platform.inbox.reminders[-1])
    assert len({stop_address(mail) for mail in platform.inbox.reminders}) == 3
    assert len(platform.inbox.mails) == 1


async def test_a_journey_that_goes_on_is_reminded_of_its_new_step(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    await stands_still(platform, 0.9)
    await platform.deliver(PlanSelectionRequested(user_id=user, plan="starter"), tenant=user)
    await stands_still(platform, 0.9)
    assert reminders(platform) == []
    await stands_still(platform, 0.2)
    assert reminders(platform) == ["Next: a card for your plan"]


async def test_an_address_nobody_proved_is_reminded_once(platform: Any) -> None:
    await platform.sign_up(new_id())
    await stands_still(platform, 0.8)
    assert reminders(platform) == []
    for _ in range(3):
        await stands_still(platform, 12)
    assert reminders(platform) == ["Your account waits for one press"]
    assert "Ada" not in text_of(platform.inbox.reminders[0])


async def test_who_signs_up_with_an_address_again_and_again_has_it_reminded_once(platform: Any) -> None:
    for _ in range(4):
        await platform.sign_up(new_id())
        await stands_still(platform, 0.1)
    for _ in range(3):
        await stands_still(platform, 12)
    assert reminders(platform) == ["Your account waits for one press"]


async def test_an_address_that_has_an_account_by_now_is_not_reminded_to_be_proven(platform: Any) -> None:
    await platform.sign_up(new_id())
    holder = new_id()
    await platform.verified(holder)
    await platform.deliver(ReminderChoiceRequested(user_id=holder, wanted=False), tenant=holder)
    await stands_still(platform, 40)
    assert reminders(platform) == []


async def test_the_link_of_a_reminder_stops_reminders_alone_and_preferences_bring_them_back(
    platform: Any,
) -> None:
    user = new_id()
    await platform.verified(user)
    await stands_still(platform, 1.1)
    digest = SecretTokens().digest(stop_address(platform.inbox.reminders[-1]))
    for _ in range(2):
        await platform.deliver(ReminderChoiceRequested(token_digest=digest, wanted=False))
    chosen = [r for r in await platform.bench.log() if r.type == RemindersChosen.type_name()]
    assert [(r.data["wanted"], r.meta["tenant"]) for r in chosen] == [(False, user)] * 2
    await stands_still(platform, 30)
    assert (len(platform.inbox.mails), len(platform.inbox.reminders)) == (1, 1)
    started = SubscriptionStarted(
        user_id=user,
        subscription_id="sub_1",
        plan="starter",
        status="trialing",
        trial_ends_at=START,
        period_start=START,
        period_end=START,
        price=Money.parse("97", "USD"),
    )
    await platform.deliver(started, tenant=user)
    await platform.bench.settle()
    assert (len(platform.inbox.mails), len(platform.inbox.reminders)) == (2, 1)
    await platform.deliver(ReminderChoiceRequested(user_id=user, wanted=True), tenant=user)
    await stands_still(platform, 1.1)
    assert reminders(platform)[1:] == ["Next: what your channels are about"]


async def test_a_link_that_is_none_stops_nothing(platform: Any) -> None:
    await platform.deliver(ReminderChoiceRequested(token_digest="cd" * 32, wanted=False))
    assert (await platform.last())["code"] == "unknown_link"


async def test_the_erased_and_those_who_are_done_are_not_reminded(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    await Vault(platform.bench.store.pool, lambda: [platform.kek]).erase(user)
    await stands_still(platform, 30)
    types = await platform.bench.types()
    assert (types.count("ReminderGiven"), types.count("RemindersEnded")) == (0, 1)


async def test_rule_4_6_a_reminder_that_is_delivered_again_is_given_once(platform: Any) -> None:
    await platform.verified(new_id())
    await stands_still(platform, 1.1)
    bench = platform.bench
    (record,) = [r for r in await bench.log() if r.type == ReminderDue.type_name()]
    (reaction,) = [r for r in bench.service.reactions if r.name == "reminders"]
    for attempt in (1, 2):
        await reaction.handlers[ReminderDue](record.event, Delivery(record.envelope(), "again", attempt))
    await bench.settle()
    types = await bench.types()
    assert (types.count("ReminderGiven"), len(platform.inbox.reminders)) == (1, 1)
