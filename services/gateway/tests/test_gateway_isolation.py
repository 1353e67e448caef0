"""J9: every route that takes an id, with a second user's token on the first user's ids: 404, never data."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from ytempire.events.onboarding import MemberJoined
from ytempire.eventstore import new_id
from ytempire.gateway.projections import PROJECTIONS

API = "/api/v1"
BODIES: dict[str, Any] = {
    "/videos/{video_id}/publish": {"privacy": "public"},
    "/videos/{video_id}/approve": {},
    "/channels/{channel_id}/preferences": {"video_length_s": 120},
    "/members/invitations/{invitation_id}/resend": None,
    "/members/invitations/{invitation_id}/revoke": None,
    "/members/{member_id}/role": {"role": "accountant"},
    "/members/{member_id}/remove": None,
}


async def _owned(person: Any) -> dict[str, str]:
    """Things of every kind that belong to a person."""
    begun = (await person.post("/channels/connect", {"niche_id": "niche-0"})).json()
    state = parse_qs(urlsplit(begun["consent_url"]).query)["state"][0]
    await person.get("/oauth/google/callback", params={"state": state, "code": "good"})
    video = (
        await person.post("/videos/generate", {"channel_id": begun["channel_id"], "topic": "Something of mine"})
    ).json()
    ticket = (await person.post("/tickets", {"subject": "Mine", "message": "Mine"})).json()
    again = {"email": person.email, "password": "correct horse 7 battery"}
    assert (await person.http.post(f"{API}/auth/login", json=again)).status_code == 200
    sessions = (await person.get("/sessions")).json()["sessions"]
    email = f"guest-{new_id()}@example.com"
    invited = (await person.post("/members/invitations", {"email": email, "role": "member"})).json()
    return {
        "member_id": await _member_of(person),
        "invitation_id": invited["invitation_id"],
        "channel_id": begun["channel_id"],
        "video_id": video["video_id"],
        "ticket_id": ticket["ticket_id"],
        "operation_id": video["operation_id"],
        "session_id": next(session["session_id"] for session in sessions if not session["current"]),
    }


async def _member_of(person: Any) -> str:
    """Somebody who joined the person's account."""
    member, account, world = new_id(), person.user_id, person.platform.world
    joined = MemberJoined(user_id=account, member_id=member, invitation_id=new_id(), role="member")
    world.members.add((account, member))
    await world.say("onboarding", f"members-{account}", joined, tenant=account)
    await person.until("/members", lambda told: any(m["member_id"] == member for m in told["members"]))
    return member


async def test_every_route_with_an_id_hides_what_is_somebody_elses(new_person: Any) -> None:
    owner, other = await new_person(), await new_person()
    ids = await _owned(owner)
    document = (await owner.http.get("/openapi.json")).json()
    asked = 0
    for path, methods in document["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        if not names:
            continue
        for method in methods:
            filled = path.format(**{name: ids[name] for name in names})
            options: dict[str, Any] = {"headers": {"Idempotency-Key": new_id()}}
            if method == "post":
                options["json"] = BODIES[path.removeprefix(API)]
            # first the other: the owner's own request may end the thing
            theirs = await other.http.request(method, filled, **options)
            assert theirs.status_code == 404, f"{method} {path}: {theirs.status_code} {theirs.text}"
            assert not any(value in theirs.text.replace(filled, "") for value in ids.values())
            nobody = await other.http.request(method, filled, **options | {"headers": {"Authorization": ""}})
            assert nobody.status_code == 401, f"{method} {path}: {nobody.status_code}"
            options["headers"]["Idempotency-Key"] = new_id()
            mine = await owner.http.request(method, filled, **options)
            assert mine.status_code != 404, f"the owner gets {mine.status_code} at {filled}"
            asked += 1
    assert asked >= 9


async def test_every_route_without_an_id_shows_only_what_is_mine(new_person: Any) -> None:
    owner, other = await new_person(), await new_person()
    ids = await _owned(owner)
    document = (await owner.http.get("/openapi.json")).json()
    public = {"/plans", "/oauth/google/callback", "/mail/unsubscribe", "/events"}
    for path, methods in document["paths"].items():
        name = path.removeprefix(API)
        if "{" in path or "get" not in methods or name in public:
            continue
        answered = await other.http.get(path)
        assert answered.status_code == 200, f"{path}: {answered.text}"
        assert not any(value in answered.text for value in (*ids.values(), owner.user_id)), path
        assert (await other.http.get(path, headers={"Authorization": ""})).status_code == 401, path


async def test_rule_4_15_the_database_itself_shows_a_tenant_no_row_of_another(new_person: Any) -> None:
    owner, other = await new_person(), await new_person()
    await _owned(owner)
    tables = [f"{p.schema}.{table.name}" for p in PROJECTIONS for table in p.tables.sorted_tables]
    # the gateway's own role, without any of its code
    with psycopg.connect(owner.platform.gateway_dsn, autocommit=True) as connection:

        def seen(tenant: str | None) -> dict[str, set[str]]:
            connection.execute("select set_config('ytempire.tenant', %s, false)", [tenant or ""])
            rows = {table: connection.execute(f"select tenant_id from {table}".encode()).fetchall() for table in tables}
            return {table: {tenant_id for (tenant_id,) in found} for table, found in rows.items()}

        everything, mine, theirs, nobody = (seen(tenant) for tenant in ("*", owner.user_id, other.user_id, None))
        written = [table for table in tables if owner.user_id in everything[table]]
        assert len(written) >= 4
        for table in tables:
            assert mine[table] <= {owner.user_id}, table
            assert theirs[table] <= {other.user_id}, table
            assert nobody[table] == set(), table
        assert all(mine[table] == {owner.user_id} for table in written)


async def test_ids_in_bodies_and_queries(new_person: Any) -> None:
    owner, other = await new_person(), await new_person()
    ids = await _owned(owner)
    tried = [
        await other.post("/videos/generate", {"channel_id": ids["channel_id"], "topic": "Not mine"}),
        await other.post("/tickets", {"subject": "s", "message": "m", "video_id": ids["video_id"]}),
        await other.get("/pnl", params={"channel_id": ids["channel_id"]}),
        await other.get("/revenue", params={"channel_id": ids["channel_id"]}),
    ]
    assert [answered.status_code for answered in tried] == [404] * len(tried)
    listed = await other.get("/videos", params={"channel_id": ids["channel_id"]})
    assert listed.json()["videos"] == []


async def test_an_intent_recorded_for_another_tenant_changes_nothing(new_person: Any) -> None:
    """Even if another service named the wrong user, a row never changes its tenant."""
    from ytempire.events.media import VideoStageCompleted

    owner, other = await new_person(), await new_person()
    ids = await _owned(owner)
    video = ids["video_id"]
    forged = VideoStageCompleted(
        video_id=video, user_id=other.user_id, channel_id=ids["channel_id"], stage="forged", percent=99
    )
    honest = forged.model_copy(update={"user_id": owner.user_id, "stage": "script", "percent": 20})
    await owner.platform.world.say("media", f"video-{video}", forged, honest)
    seen = await owner.until(f"/videos/status/{video}", lambda s: s["stage"] is not None)
    assert (seen["stage"], seen["percent"]) == ("script", 20)
    assert (await other.get(f"/videos/status/{video}")).status_code == 404
