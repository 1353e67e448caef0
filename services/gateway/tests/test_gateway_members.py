"""An account with several people: each as far as their role goes, in the accounts they belong to and no other."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ytempire.events.billing import SubscriptionPastDue
from ytempire.events.media import TopicChosen
from ytempire.eventstore import new_id
from ytempire.gateway.adapters.tokens import Tokens

API = "/api/v1"
HEADER = "Ytempire-Account"
NewPerson = Callable[[], Awaitable[Any]]


async def channel_of(owner: Any, headers: dict[str, str] | None = None) -> str:
    begun = (await owner.post("/channels/connect", {"niche_id": "niche-0"}, headers=headers or {})).json()
    state = parse_qs(urlsplit(begun["consent_url"]).query)["state"][0]
    await owner.get("/oauth/google/callback", params={"state": state, "code": "good"})
    return str(begun["channel_id"])


async def test_an_account_one_does_not_belong_to_answers_as_one_that_does_not_exist(team: Any) -> None:
    def said(answered: Any) -> Any:
        return answered.status_code, answered.content

    for path in ("/videos", "/dashboard", "/me", "/members"):
        answers = [
            said(await team.stranger.get(path, headers={HEADER: account}))
            for account in (team.owner.user_id, new_id(), "nonsense", "*", team.member.user_id)
        ]
        assert answers[0][0] == 404
        assert len(set(answers)) == 1
    wanted = {"channel_id": new_id(), "topic": "Not mine"}
    posted = await team.stranger.post("/videos/generate", wanted, headers={HEADER: team.owner.user_id})
    assert (posted.status_code, posted.json()["field"]) == (404, HEADER)
    assert (await team.member.get("/videos", headers={HEADER: team.accountant.user_id})).status_code == 404


async def test_a_member_works_in_the_account_and_it_is_recorded_who_did(team: Any) -> None:
    member, headers = team.acting("member")
    channel_id = await channel_of(team.owner)
    made = await member.post("/videos/generate", {"channel_id": channel_id, "topic": "By a member"}, headers=headers)
    assert made.status_code == 201, made.text
    video_id = made.json()["video_id"]
    assert (await team.owner.get(f"/videos/{video_id}")).status_code == 200
    assert (await member.get(f"/videos/{video_id}", headers=headers)).status_code == 200
    # in the member's own account it is not
    assert (await member.get(f"/videos/{video_id}")).status_code == 404
    asked = team.owner.platform.meta(made.json()["operation_id"])
    assert (asked["tenant"], asked["actor"]) == (team.owner.user_id, member.user_id)
    own = await team.owner.post("/videos/generate", {"channel_id": channel_id, "topic": "By the owner"})
    asked = team.owner.platform.meta(own.json()["operation_id"])
    assert asked["tenant"] == team.owner.user_id
    assert "actor" not in asked


async def test_operations_are_followed_by_who_asked_and_by_the_owner(team: Any) -> None:
    member, headers = team.acting("member")
    theirs = (await member.post("/onboarding/niches", {"interests": ["cooking"]}, headers=headers)).json()
    plan = (await team.owner.post("/onboarding/plan", {"plan": "starter"})).json()
    assert (await member.get(f"/operations/{theirs['operation_id']}", headers=headers)).status_code == 200
    assert (await team.owner.get(f"/operations/{theirs['operation_id']}")).status_code == 200
    assert (await member.get(f"/operations/{plan['operation_id']}", headers=headers)).status_code == 404


async def test_a_key_is_the_persons_and_is_good_for_one_account(team: Any) -> None:
    member, headers = team.acting("member")
    key, wish = new_id(), {"interests": ["cooking"]}
    assert (await member.post("/onboarding/niches", wish, key, headers=headers)).status_code == 200
    elsewhere = await member.post("/onboarding/niches", wish, key)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "idempotency_key_reused")
    assert (await team.owner.post("/onboarding/niches", wish, key)).status_code == 200


async def test_what_is_paid_and_earned_is_left_out_for_a_member(team: Any) -> None:
    await team.owner.post("/onboarding/plan", {"plan": "starter"})
    channel_id = await channel_of(team.owner)
    for role, sees in (("owner", True), ("accountant", True), ("member", False)):
        person, headers = team.acting(role)
        shown = (await person.get("/dashboard", headers=headers)).json()
        assert (shown["pnl_month"] is not None) == sees
        assert (shown["pnl_30_days"] is not None) == sees
        assert (shown["account"]["plan"] is not None) == sees
        assert [channel["channel_id"] for channel in shown["channels"]] == [channel_id]
    member, headers = team.acting("member")
    journey = (await member.get("/onboarding", headers=headers)).json()
    assert journey["user_id"] == team.owner.user_id
    assert journey["plan"] is None
    assert journey["subscription"] is None


async def test_an_accountant_opens_an_invoice_and_neither_portal_nor_card_form(team: Any) -> None:
    accountant, headers = team.acting("accountant")
    invoice = await accountant.post("/billing/access", {"kind": "invoice", "invoice_id": "in_1"}, headers=headers)
    assert invoice.status_code != 403, invoice.text
    for kind in ("portal", "card"):
        refused = await accountant.post("/billing/access", {"kind": kind}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_me_tells_every_account_and_role(team: Any, new_person: NewPerson) -> None:
    other = await new_person()
    await team.join(other, team.member, "accountant")
    told = (await team.member.get("/me")).json()
    assert told["user_id"] == team.member.user_id
    assert told["accounts"][0] == {"account_id": team.member.user_id, "role": "owner"}
    assert {(a["account_id"], a["role"]) for a in told["accounts"][1:]} == {
        (team.owner.user_id, "member"),
        (other.user_id, "accountant"),
    }
    # the same whatever account is acted on
    assert (await team.member.get("/me", headers={HEADER: other.user_id})).json() == told


async def test_members_and_open_invitations_are_listed_for_the_owner(team: Any) -> None:
    listed = (await team.owner.get("/members")).json()["members"]
    assert listed[0]["member_id"] == team.owner.user_id
    assert [(m["member_id"], m["role"]) for m in listed] == [
        (team.owner.user_id, "owner"),
        (team.member.user_id, "member"),
        (team.accountant.user_id, "accountant"),
    ]
    assert (await team.owner.get("/members/invitations")).json() == {"invitations": []}
    sent = (await team.owner.post("/members/invitations", {"email": "new@example.com", "role": "member"})).json()
    (shown,) = (await team.owner.get("/members/invitations")).json()["invitations"]
    assert (shown["email"], shown["role"], shown["invitation_id"]) == (
        "new@example.com",
        "member",
        sent["invitation_id"],
    )
    resent = await team.owner.post(f"/members/invitations/{sent['invitation_id']}/resend")
    assert resent.status_code == 200, resent.text
    (again,) = (await team.owner.get("/members/invitations")).json()["invitations"]
    assert again["expires_at"] > shown["expires_at"]
    assert (await team.owner.post(f"/members/invitations/{sent['invitation_id']}/revoke")).status_code == 200
    assert (await team.owner.get("/members/invitations")).json() == {"invitations": []}


async def test_refusals_say_what_to_do(team: Any) -> None:
    known = await team.owner.post("/members/invitations", {"email": "known@example.com", "role": "member"})
    assert (known.status_code, known.json()["code"], known.json()["field"]) == (409, "already_invited", "/email")
    boss = await team.owner.post("/members/invitations", {"email": "b@example.com", "role": "owner"})
    assert (boss.status_code, boss.json()["field"]) == (422, "/role")
    stale = await team.stranger.post("/invitations/accept", {"token": "nothing"})
    assert (stale.status_code, stale.json()["code"], stale.json()["field"]) == (404, "invitation_not_found", "/token")
    gone = await team.owner.post(f"/members/{new_id()}/remove")
    assert (gone.status_code, gone.json()["code"]) == (404, "member_not_found")
    stays = await team.owner.post("/members/leave")
    assert (stays.status_code, stays.json()["code"]) == (422, "owner_stays")


async def test_another_role_counts_from_the_next_request(team: Any) -> None:
    member, headers = team.acting("member")
    assert (await member.get("/videos", headers=headers)).status_code == 200
    changed = await team.owner.post(f"/members/{member.user_id}/role", {"role": "accountant"})
    assert changed.status_code == 200, changed.text
    assert (await member.get("/videos", headers=headers)).status_code == 403
    assert (await member.get("/pnl", headers=headers)).status_code == 200


async def test_who_is_removed_is_out_with_the_next_request(team: Any) -> None:
    member, headers = team.acting("member")
    channel_id = await channel_of(team.owner)
    removed = await team.owner.post(f"/members/{member.user_id}/remove")
    assert removed.status_code == 200, removed.text
    for path in ("/videos", f"/channels/{channel_id}", "/dashboard", "/me"):
        assert (await member.get(path, headers=headers)).status_code == 404, path
    assert (await member.get("/me")).json()["accounts"] == [{"account_id": member.user_id, "role": "owner"}]
    again = await member.post("/invitations/accept", {"token": f"invitation-of-{member.email}"})
    assert again.status_code == 404


async def test_a_member_leaves_by_themselves(team: Any) -> None:
    member, headers = team.acting("member")
    left = await member.post("/members/leave", headers=headers)
    assert (left.status_code, left.json()["left"]) == (200, True), left.text
    assert (await member.get("/videos", headers=headers)).status_code == 404
    assert member.user_id not in (await team.owner.get("/members")).text


@asynccontextmanager
async def listening(person: Any, headers: dict[str, str]) -> AsyncIterator[asyncio.Queue[Any]]:
    """What the person is told live; None when the stream ended."""
    told: asyncio.Queue[Any] = asyncio.Queue()

    async def listen() -> None:
        topic = ""
        async with person.http.stream("GET", f"{API}/events", headers=headers) as answered:
            assert answered.status_code == 200
            async for line in answered.aiter_lines():
                if line.startswith("event: "):
                    topic = line.removeprefix("event: ")
                if line.startswith("data: "):
                    told.put_nowait((topic, json.loads(line.removeprefix("data: "))))
        told.put_nowait(None)

    task = asyncio.create_task(listen())
    try:
        assert (await asyncio.wait_for(told.get(), 10))[0] == "hello"
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_told(told: asyncio.Queue[Any], topic: str | None) -> list[Any]:
    """Everything up to the first message of a topic, or up to the end."""
    heard = []
    async with asyncio.timeout(10):
        while True:
            heard.append(await told.get())
            if (heard[-1] and heard[-1][0]) == topic:
                return heard


async def test_live_updates_tell_as_much_as_the_role_may_see(team: Any) -> None:
    channel_id = await channel_of(team.owner)
    made = (await team.owner.post("/videos/generate", {"channel_id": channel_id, "topic": "Live"})).json()
    video_id = made["video_id"]
    member, headers = team.acting("member")
    accountant, _ = team.acting("accountant")
    say = team.owner.platform.world.say
    chosen = TopicChosen(
        video_id=video_id, user_id=team.owner.user_id, channel_id=channel_id, title="A title", source="topic"
    )
    overdue = SubscriptionPastDue(user_id=team.owner.user_id, subscription_id="sub_1")
    async with listening(member, headers) as by_member, listening(accountant, headers) as by_accountant:
        await say("billing", f"account-{team.owner.user_id}", overdue, tenant=team.owner.user_id)
        ((_, to_member),) = (await until_told(by_member, "account"))[-1:]
        ((_, to_accountant),) = (await until_told(by_accountant, "account"))[-1:]
        assert to_member == {"id": team.owner.user_id}
        assert to_accountant["event"] == "SubscriptionPastDue.v1"
        await say("media", f"video-{video_id}", chosen, tenant=team.owner.user_id)
        await until_told(by_member, "video")
        # something the accountant is told, so that what came before it was not
        await say("billing", f"account-{team.owner.user_id}", overdue, tenant=team.owner.user_id)
        assert {topic for topic, _ in await until_told(by_accountant, "account")} == {"account"}


async def test_live_updates_end_with_the_membership(team: Any) -> None:
    member, headers = team.acting("member")
    async with listening(member, headers) as told, listening(member, {}) as own:
        await team.owner.post(f"/members/{member.user_id}/role", {"role": "accountant"})
        assert (await until_told(told, "membership"))[-1][1]["id"] == team.owner.user_id
        await team.owner.post(f"/members/{member.user_id}/remove")
        assert [m for m in await until_told(told, None) if m and m[0] != "membership"] == []
        assert (await until_told(own, "membership"))[-1][1]["id"] == team.owner.user_id


async def test_a_link_to_a_video_ends_with_the_membership(team: Any) -> None:
    channel_id = await channel_of(team.owner)
    video_id = (await team.owner.post("/videos/generate", {"channel_id": channel_id, "topic": "x y z"})).json()[
        "video_id"
    ]
    key = base64.b64decode((team.owner.platform.secrets_dir / "gateway.jwt.key").read_bytes())
    tokens = Tokens(key, 60, 60)
    link = {"token": tokens.media(team.owner.user_id, tokens.read_access(team.member.tokens["access_token"]), video_id)}
    async with team.owner.platform.client() as player:
        path = f"{API}/videos/{video_id}/file"
        assert (await player.get(path, params=link)).json()["code"] == "not_rendered"
        await team.owner.post(f"/members/{team.member.user_id}/role", {"role": "accountant"})
        assert (await player.get(path, params=link)).status_code == 403
        await team.owner.post(f"/members/{team.member.user_id}/remove")
        assert (await player.get(path, params=link)).status_code == 403


async def test_a_consent_that_comes_back_after_the_removal_connects_nothing(team: Any) -> None:
    member, headers = team.acting("member")
    begun = (await member.post("/channels/connect", {"niche_id": "niche-0"}, headers=headers)).json()
    state = parse_qs(urlsplit(begun["consent_url"]).query)["state"][0]
    await team.owner.post(f"/members/{member.user_id}/remove")
    answered = await member.get("/oauth/google/callback", params={"state": state, "code": "good"})
    assert (answered.status_code, answered.json()["code"]) == (403, "not_a_member")
    assert [c["status"] for c in (await team.owner.get("/channels")).json()["channels"]] == ["pending"]


async def test_a_member_connects_a_channel_of_the_account(team: Any) -> None:
    member, headers = team.acting("member")
    channel_id = await channel_of(member, headers)
    assert (await team.owner.get(f"/channels/{channel_id}")).json()["status"] == "connected"
    assert (await member.get("/channels")).json() == {"channels": []}


async def test_who_shares_an_account_is_told_the_names_and_nobody_keeps_them(team: Any) -> None:
    asked = await team.owner.post("/members/names")
    assert asked.status_code == 200, asked.text
    told = asked.json()["names"]
    assert {name["user_id"] for name in told} == {team.member.user_id, team.accountant.user_id}
    assert all(name["full_name"].startswith("Name of ") for name in told)
    (owner,) = (await team.member.post("/members/names")).json()["names"]
    assert owner["user_id"] == team.owner.user_id
    assert (await team.stranger.post("/members/names")).json()["names"] == []
    operation = (await team.owner.get(f"/operations/{asked.json()['operation_id']}")).json()
    assert "Name of" not in str(operation)
    assert "ciphertext" not in str(operation)
