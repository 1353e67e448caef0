"""Links in mails, end to end: who gets one, what it does, and that it does it once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from ytempire.events.gateway import (
    AccessLinkRequested,
    EmailChangeRequested,
    EmailConfirmationRequested,
    EmailVerificationRequested,
    PasswordChangeRequested,
    PasswordResetRequested,
)
from ytempire.events.onboarding import EmailChanged, SignUpRejected, UserCreated
from ytempire.eventstore import new_id
from ytempire.eventstore.audit import verify
from ytempire.eventstore.vault import ERASED, Vault
from ytempire.onboarding.domain.access import LINK_PAUSE, MOST_EMAIL_LINKS, UNPROVEN_LIFE
from ytempire.onboarding.domain.address import GRACE, MOST_LINKS
from ytempire.onboarding.domain.events import ProfileRecorded

DIGEST, NEW = "ab" * 32, "cd" * 32


async def ask_for_a_link(platform: Any, digest: str = DIGEST) -> None:
    await platform.deliver(AccessLinkRequested(email_digest=digest))
    await platform.bench.settle()


async def ask_to_move(platform: Any, user: str, email: str = "ada@new.example", digest: str = NEW) -> None:
    sealed = platform.sealer.seal("onboarding", {"email": email}, platform.clock.now(), timedelta(minutes=10))
    await platform.deliver(EmailChangeRequested(user_id=user, email_digest=digest, sealed=sealed), tenant=user)
    await platform.bench.settle()


async def test_the_owner_of_an_address_gets_it_although_a_stranger_signed_up_with_it_first(platform: Any) -> None:
    stranger, owner = new_id(), new_id()
    await platform.sign_up(stranger, full_name="Visit evil.example to claim your prize")
    await platform.sign_up(owner)
    assert not [mail for mail in platform.inbox.mails if "evil" in mail.as_string()]
    await platform.follow_link()
    assert [e.user_id for e in await platform.bench.events(UserCreated)] == [owner]
    # whose attempt it is does not matter to who chooses the password: only the mailbox opens either
    await platform.follow(EmailVerificationRequested, platform.inbox.token(0))
    assert (await platform.last())["code"] == "used_token"


async def test_a_link_that_is_followed_again_does_nothing(platform: Any) -> None:
    await platform.verified(new_id())
    before = await platform.bench.types()
    await platform.follow_link()
    assert await platform.bench.types() == [*before, "EmailVerificationRejected"]
    assert (await platform.last())["code"] == "used_token"


async def test_a_link_expires_after_a_day_and_another_one_opens_the_same_account(platform: Any) -> None:
    user = new_id()
    await platform.sign_up(user)
    platform.clock.offset += timedelta(days=5)
    await platform.follow_link()
    assert (await platform.last())["code"] == "expired_token"
    await ask_for_a_link(platform)
    await platform.follow_link()
    assert [e.user_id for e in await platform.bench.events(UserCreated)] == [user]


async def test_links_to_a_sign_up_are_sent_again_but_not_without_end(platform: Any) -> None:
    await platform.sign_up(new_id())
    for _ in range(MOST_LINKS + 2):
        await ask_for_a_link(platform)
    assert len(platform.inbox.mails) == MOST_LINKS
    assert (await platform.last())["code"] == "too_many_links"
    await platform.follow(EmailVerificationRequested, platform.inbox.token(0))
    assert len(await platform.bench.events(UserCreated)) == 1


async def test_what_was_said_in_a_sign_up_that_nobody_proved_is_destroyed_after_thirty_days(platform: Any) -> None:
    proven, unproven, resent = new_id(), new_id(), new_id()
    await platform.verified(proven)
    for user, digest in ((unproven, NEW), (resent, "ef" * 32)):
        await platform.deliver(platform.request(user, digest, email="bob@studio.example"), tenant=user)
    await platform.bench.settle()
    platform.clock.offset += UNPROVEN_LIFE - timedelta(hours=1)
    await platform.bench.settle()
    await ask_for_a_link(platform, "ef" * 32)
    platform.clock.offset += timedelta(hours=1)
    await platform.bench.settle()
    vault = Vault(platform.bench.store.pool, lambda: [platform.kek])
    known = {event.user_id: event.email for event in await platform.bench.events(ProfileRecorded)}
    shown = {user: await vault.decrypt(user, "email", email) for user, email in known.items()}
    assert shown == {proven: "ada@studio.example", unproven: ERASED, resent: "bob@studio.example"}
    await ask_for_a_link(platform, NEW)
    assert (await platform.last())["code"] == "unknown_email"
    await platform.follow_link()
    assert [e.user_id for e in await platform.bench.events(UserCreated)] == [proven, resent]


async def test_nobody_gets_mail_about_an_address_that_is_not_known(platform: Any) -> None:
    await ask_for_a_link(platform)
    assert (await platform.last())["code"] == "unknown_email"
    assert not platform.inbox.mails


async def test_a_forgotten_password_is_reset_by_a_link_that_works_once_and_its_owner_is_told(platform: Any) -> None:
    await platform.verified(new_id())
    await ask_for_a_link(platform)
    token = platform.inbox.token()
    assert "/reset?token=" in platform.inbox.text()
    both = (platform.follow(PasswordResetRequested, token) for _ in range(2))
    await asyncio.gather(*both)
    types = await platform.bench.types()
    assert (types.count("PasswordReset"), types.count("PasswordResetRejected")) == (1, 1)
    assert platform.inbox.subjects()[1:] == ["Choose a new password", "Your password was changed"]


async def test_a_link_to_a_new_password_is_not_sent_every_minute_and_lives_for_half_an_hour(platform: Any) -> None:
    await platform.verified(new_id())
    for _ in range(3):
        await ask_for_a_link(platform)
    assert len(platform.inbox.mails) == 2
    platform.clock.offset += LINK_PAUSE
    await ask_for_a_link(platform)
    assert len(platform.inbox.mails) == 3
    platform.clock.offset += timedelta(minutes=25)
    await platform.follow(PasswordResetRequested, platform.inbox.token(1))
    assert (await platform.last())["code"] == "expired_token"
    await platform.follow(PasswordResetRequested, platform.inbox.token(2))
    assert (await platform.bench.types()).count("PasswordReset") == 1


async def test_a_link_for_one_thing_is_unknown_for_another(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    await ask_for_a_link(platform)
    token = platform.inbox.token()
    await platform.follow(EmailVerificationRequested, token)
    assert (await platform.last())["code"] == "unknown_token"
    await platform.follow(EmailConfirmationRequested, token, user_id=user)
    assert (await platform.last())["code"] == "unknown_token"


async def test_a_changed_password_is_told_and_ends_the_links_from_before(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    await ask_for_a_link(platform)
    token = platform.inbox.token()
    await platform.deliver(PasswordChangeRequested(user_id=user), tenant=user)
    await platform.bench.settle()
    assert platform.inbox.subjects()[-1] == "Your password was changed"
    await platform.follow(PasswordResetRequested, token)
    assert (await platform.last())["code"] == "outdated_token"


async def test_an_account_moves_to_another_address_and_the_old_one_is_kept_for_a_while(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    await ask_to_move(platform, user)
    sent = {str(mail["To"]): number for number, mail in enumerate(platform.inbox.mails) if number}
    assert set(sent) == {"ada@new.example", "ada@studio.example"}
    token = platform.inbox.token(sent["ada@new.example"])
    await platform.follow(EmailConfirmationRequested, token, user_id=user)
    assert await platform.bench.events(EmailChanged) == [EmailChanged(user_id=user, email_digest=NEW)]
    assert (platform.inbox.mails[-1]["To"], platform.inbox.subjects()[-1]) == (
        "ada@studio.example",
        "Your e-mail address was changed",
    )
    await ask_for_a_link(platform, NEW)
    assert platform.inbox.mails[-1]["To"] == "ada@new.example"
    await platform.sign_up(new_id())
    assert [e.code for e in await platform.bench.events(SignUpRejected)] == ["email_taken"]
    platform.clock.offset += GRACE
    await platform.sign_up(new_id())
    assert platform.inbox.subjects()[-1] == "Confirm your e-mail address"
    log = " ".join(str(record.data) for record in await platform.bench.log())
    assert "new.example" not in log
    assert token not in log
    assert (await verify(platform.bench.store)).ok


async def test_a_taken_address_is_answered_like_a_free_one_and_its_owner_alone_is_told(platform: Any) -> None:
    holder, user = new_id(), new_id()
    await platform.verified(holder)
    await platform.deliver(platform.request(user, NEW, email="bob@studio.example"), tenant=user)
    await platform.bench.settle()
    await platform.follow_link()
    before = len(platform.inbox.mails)
    await ask_to_move(platform, user, "ada@studio.example", DIGEST)
    assert (await platform.bench.types()).count("EmailChangeStarted") == 1
    told = {str(mail["To"]): str(mail["Subject"]) for mail in platform.inbox.mails[before:]}
    assert told == {
        "ada@studio.example": "Somebody tried to sign up with your address",
        "bob@studio.example": "Somebody wants to change your e-mail address",
    }


async def test_a_link_to_a_new_address_is_of_no_use_to_another_account(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    await ask_to_move(platform, user)
    number = next(n for n, mail in enumerate(platform.inbox.mails) if mail["To"] == "ada@new.example")
    other = new_id()
    await platform.deliver(platform.request(other, "ef" * 32, email="bob@studio.example"), tenant=other)
    await platform.bench.settle()
    await platform.follow(EmailConfirmationRequested, platform.inbox.token(number), user_id=other)
    assert (await platform.last())["code"] == "unknown_token"


async def test_two_accounts_that_move_to_one_address_do_not_both_get_it(platform: Any) -> None:
    first, second = new_id(), new_id()
    await platform.verified(first)
    await platform.deliver(platform.request(second, "ef" * 32, email="bob@studio.example"), tenant=second)
    await platform.bench.settle()
    await platform.follow_link()
    tokens = {}
    for user in (first, second):
        await ask_to_move(platform, user)
        number = max(n for n, mail in enumerate(platform.inbox.mails) if mail["To"] == "ada@new.example")
        tokens[user] = platform.inbox.token(number)
    await asyncio.gather(
        *(platform.follow(EmailConfirmationRequested, token, user_id=user) for user, token in tokens.items())
    )
    types = await platform.bench.types()
    assert (types.count("EmailChanged"), types.count("EmailConfirmationRejected")) == (1, 1)


async def test_an_account_cannot_be_used_to_write_to_strangers(platform: Any) -> None:
    user = new_id()
    await platform.verified(user)
    for number in range(MOST_EMAIL_LINKS + 2):
        await ask_to_move(platform, user, f"victim{number}@new.example", f"{number:064x}")
    strangers = [mail for mail in platform.inbox.mails if str(mail["To"]).startswith("victim")]
    assert len(strangers) == MOST_EMAIL_LINKS
    assert (await platform.last())["code"] == "too_many_changes"
