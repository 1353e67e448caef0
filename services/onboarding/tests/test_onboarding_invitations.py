"""Invitations through the running service: the mail, the link, who may follow it, and what is left of the address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ytempire.chassis import Opener
from ytempire.events.gateway import (
    InvitationAcceptanceRequested,
    InvitationRequested,
    InvitationResendRequested,
    InvitationRevocationRequested,
    MemberRemovalRequested,
    NamesRequested,
)
from ytempire.events.values import Sealed
from ytempire.eventstore import new_id
from ytempire.eventstore.vault import ERASED, Vault
from ytempire.onboarding.domain.members import INVITATION_LIFE
from ytempire.onboarding.domain.membership import MEMBERS

OWNERS, GUESTS, OTHERS = "0a" * 32, "0b" * 32, "0c" * 32
GUEST_EMAIL = "guest@elsewhere.example"


async def owner_of(platform: Any, name: str = "Mara Okafor") -> str:
    owner = new_id()
    await platform.sign_up(owner, digest=OWNERS, full_name=name, email="mara@studio.example")
    await platform.follow_link()
    return owner


async def guest_of(platform: Any, digest: str = GUESTS, email: str = GUEST_EMAIL) -> str:
    guest = new_id()
    await platform.sign_up(guest, digest=digest, full_name="Ben Adeyemi", email=email)
    await platform.follow_link()
    return guest


async def invite(platform: Any, owner: str, email: str = GUEST_EMAIL, digest: str = GUESTS) -> str:
    invitation = new_id()
    sealed = platform.sealer.seal("onboarding", {"email": email}, platform.clock.now(), timedelta(days=1))
    wish = InvitationRequested(
        user_id=owner, invitation_id=invitation, email_digest=digest, role="member", sealed=sealed
    )
    await platform.deliver(wish, tenant=owner)
    await platform.bench.settle()
    return invitation


async def accept(platform: Any, person: str, token: str) -> dict[str, Any]:
    """What is answered."""
    await platform.follow(InvitationAcceptanceRequested, token, user_id=person)
    log = await platform.bench.log()
    return next(
        {"type": record.type, "stream": record.stream, **record.data}
        for record in reversed(log)
        if record.type in ("MemberJoined.v1", "InvitationAcceptanceRejected.v1")
    )


async def test_who_is_invited_gets_a_mail_and_joins_by_its_link(platform: Any) -> None:
    owner = await owner_of(platform)
    invitation = await invite(platform, owner)
    mail = platform.inbox.mails[-1]
    assert mail["To"] == GUEST_EMAIL
    assert mail["Subject"] == "Mara Okafor invites you to their YTEMPIRE account"
    assert "Hello," in platform.inbox.text()
    token = platform.inbox.token()
    guest = await guest_of(platform)
    joined = await accept(platform, guest, token)
    assert (joined["type"], joined["user_id"], joined["member_id"]) == ("MemberJoined.v1", owner, guest)
    assert (joined["role"], joined["invitation_id"]) == ("member", invitation)
    told = platform.inbox.mails[-1]
    assert (told["To"], told["Subject"]) == ("mara@studio.example", "Ben Adeyemi joined your account")
    assert (await accept(platform, guest, token))["type"] == "InvitationAcceptanceRejected.v1"


async def test_a_mail_is_the_same_whether_or_not_the_address_has_an_account(platform: Any) -> None:
    owner = await owner_of(platform)
    await guest_of(platform)
    await invite(platform, owner)
    registered, before = platform.inbox.text(), platform.inbox.token()
    await invite(platform, owner, "nobody@elsewhere.example", OTHERS)
    assert platform.inbox.text().replace(platform.inbox.token(), "") == registered.replace(before, "")
    kinds = [record.type for record in await platform.bench.log() if record.stream == f"members-{owner}"]
    assert kinds == ["InvitationLetterWritten.v1", "MemberInvited.v1"] * 2


async def test_a_link_is_for_its_address_alone(platform: Any) -> None:
    owner = await owner_of(platform)
    await invite(platform, owner)
    token = platform.inbox.token()
    thief = await guest_of(platform, OTHERS, "thief@elsewhere.example")
    refused = await accept(platform, thief, token)
    unknown = await accept(platform, thief, "never-issued")
    shown = ("type", "user_id", "code", "field", "message")
    assert [refused[key] for key in shown] == [unknown[key] for key in shown]
    # an address that was asked for and never proven is nobody's
    unproven = new_id()
    await platform.sign_up(unproven, digest=GUESTS, email=GUEST_EMAIL)
    assert (await accept(platform, unproven, token))["type"] == "InvitationAcceptanceRejected.v1"
    await platform.follow_link()
    assert (await accept(platform, unproven, token))["type"] == "MemberJoined.v1"


async def test_a_new_letter_has_a_new_link_and_seven_more_days(platform: Any) -> None:
    owner, guest = await owner_of(platform), await guest_of(platform)
    invitation = await invite(platform, owner)
    first = platform.inbox.token()
    platform.clock.offset += timedelta(days=6)
    await platform.deliver(InvitationResendRequested(user_id=owner, invitation_id=invitation), tenant=owner)
    await platform.bench.settle()
    second = platform.inbox.token()
    assert platform.inbox.mails[-1]["To"] == GUEST_EMAIL
    platform.clock.offset += timedelta(days=6)
    await platform.bench.settle()
    assert (await accept(platform, guest, first))["type"] == "InvitationAcceptanceRejected.v1"
    assert (await accept(platform, guest, second))["type"] == "MemberJoined.v1"


async def test_the_address_is_kept_until_the_invitation_is_over_and_no_longer(platform: Any) -> None:
    owner, guest = await owner_of(platform), await guest_of(platform)
    accepted = await invite(platform, owner)
    assert await _address(platform, owner, accepted) == GUEST_EMAIL
    await accept(platform, guest, platform.inbox.token())
    revoked = await invite(platform, owner, "two@elsewhere.example", OTHERS)
    await platform.deliver(InvitationRevocationRequested(user_id=owner, invitation_id=revoked), tenant=owner)
    await platform.bench.settle()
    expired = await invite(platform, owner, "two@elsewhere.example", OTHERS)
    assert await _address(platform, owner, expired) == "two@elsewhere.example"
    platform.clock.offset += INVITATION_LIFE
    await platform.bench.settle()
    log = await platform.bench.log()
    assert [r.data["invitation_id"] for r in log if r.type == "InvitationExpired.v1"] == [expired]
    for invitation in (accepted, revoked, expired):
        assert await _address(platform, owner, invitation) == ERASED
    for invitation in (revoked, expired):
        await platform.deliver(InvitationResendRequested(user_id=owner, invitation_id=invitation), tenant=owner)
        assert (await platform.last())["code"] == "invitation_not_found"


async def _address(platform: Any, owner: str, invitation: str) -> str:
    store = platform.bench.store
    letters = [r for r in await platform.bench.log() if r.type == "InvitationLetterWritten.v1"]
    kept = next(r.data["address"] for r in letters if r.data["invitation_id"] == invitation)
    return await Vault(store.pool, lambda: [platform.kek]).decrypt(invitation, "email", kept)


async def test_no_address_and_no_token_of_an_invitation_lies_in_the_log(platform: Any) -> None:
    owner = await owner_of(platform)
    await invite(platform, owner)
    token = platform.inbox.token()
    log = " ".join(str(record.data) + record.stream for record in await platform.bench.log())
    for secret in (token, "guest@", "elsewhere"):
        assert secret not in log


async def test_the_list_of_open_invitations_can_show_the_address(platform: Any, tmp_path: Any) -> None:
    owner = await owner_of(platform)
    await invite(platform, owner)
    (invited,) = [r.data for r in await platform.bench.log() if r.type == "MemberInvited.v1"]
    opened = Opener(tmp_path, "gateway").open(Sealed.model_validate(invited["sealed"]), platform.clock.now())
    assert opened == {"email": GUEST_EMAIL}


async def test_who_cannot_be_invited(platform: Any) -> None:
    owner = await owner_of(platform)
    await invite(platform, owner, "mara@studio.example", OWNERS)
    assert (await platform.last())["code"] == "own_address"
    await invite(platform, owner, "not an address", OTHERS)
    assert (await platform.last())["code"] == "invalid_email"
    late = platform.sealer.seal("onboarding", {"email": GUEST_EMAIL}, platform.clock.now(), timedelta(minutes=1))
    platform.clock.offset += timedelta(hours=1)
    wish = InvitationRequested(user_id=owner, invitation_id=new_id(), email_digest=GUESTS, role="member", sealed=late)
    await platform.deliver(wish, tenant=owner)
    assert (await platform.last())["code"] == "invitation_late"
    assert len(platform.inbox.mails) == 1


async def test_a_wish_that_comes_twice_is_handled_once(platform: Any) -> None:
    owner, guest = await owner_of(platform), await guest_of(platform)
    sealed = platform.sealer.seal("onboarding", {"email": GUEST_EMAIL}, platform.clock.now(), timedelta(days=1))
    wish = InvitationRequested(user_id=owner, invitation_id=new_id(), email_digest=GUESTS, role="member", sealed=sealed)
    first = await platform.deliver(wish, tenant=owner)
    await platform.bench.settle()
    mails = len(platform.inbox.mails)
    await platform.deliver(wish, tenant=owner, id=first)
    await platform.bench.settle()
    assert len(platform.inbox.mails) == mails
    await accept(platform, guest, platform.inbox.token())
    assert list((await platform.bench.store.state(MEMBERS, f"members-{owner}"))[0].members) == [guest]


async def test_who_goes_and_who_hears_of_it(platform: Any) -> None:
    owner, guest = await owner_of(platform), await guest_of(platform)
    await invite(platform, owner)
    await accept(platform, guest, platform.inbox.token())
    await platform.deliver(MemberRemovalRequested(user_id=owner, member_id=guest), tenant=owner)
    await platform.bench.settle()
    assert platform.inbox.mails[-1]["To"] == GUEST_EMAIL
    assert platform.inbox.subjects()[-1] == "You were removed from Mara Okafor’s YTEMPIRE account"
    await invite(platform, owner)
    await accept(platform, guest, platform.inbox.token())
    await platform.deliver(MemberRemovalRequested(user_id=owner, member_id=guest, leaves=True), tenant=owner)
    await platform.bench.settle()
    assert platform.inbox.mails[-1]["To"] == "mara@studio.example"
    assert platform.inbox.subjects()[-1] == "Ben Adeyemi left your account"
    # joined twice, told twice
    assert platform.inbox.subjects().count("Ben Adeyemi joined your account") == 2


async def test_a_name_that_is_more_than_a_name_goes_to_no_stranger(platform: Any) -> None:
    owner = await owner_of(platform, "Win a prize at https://evil.example")
    await invite(platform, owner)
    assert platform.inbox.subjects()[-1] == "Somebody invites you to their YTEMPIRE account"
    assert "evil" not in platform.inbox.text()


async def test_two_who_follow_one_link_at_once_are_not_both_members(platform: Any) -> None:
    import asyncio

    owner, guest = await owner_of(platform), await guest_of(platform)
    await invite(platform, owner)
    token = platform.inbox.token()
    await asyncio.gather(*(accept(platform, guest, token) for _ in range(5)))
    kinds = [r.type for r in await platform.bench.log()]
    assert kinds.count("MemberJoined.v1") == 1
    assert kinds.count("InvitationAcceptanceRejected.v1") == 4


async def test_names_are_told_to_those_who_share_an_account_sealed(platform: Any, tmp_path: Any) -> None:
    owner, guest = await owner_of(platform), await guest_of(platform)

    async def asked(person: str, *people: str) -> dict[str, Any]:
        await platform.deliver(NamesRequested(user_id=person, people=people), tenant=person)
        return await platform.last()

    assert (await asked(owner, guest))["code"] == "people_not_found"
    await invite(platform, owner)
    await accept(platform, guest, platform.inbox.token())
    opener, now = Opener(tmp_path, "gateway"), platform.clock.now
    stranger = new_id()
    told = await asked(owner, guest, stranger)
    assert opener.open(Sealed.model_validate(told["sealed"]), now()) == {guest: "Ben Adeyemi"}
    told = await asked(guest, owner)
    assert opener.open(Sealed.model_validate(told["sealed"]), now()) == {owner: "Mara Okafor"}
    assert (await asked(stranger, owner, guest))["code"] == "people_not_found"
