"""Progress and changes as they happen, over server-sent events and from the status path."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from ytempire.bus import connect, signal
from ytempire.chassis import AssetStore
from ytempire.events import Money
from ytempire.events.media import CostIncurred, TopicChosen, VideoRendered
from ytempire.events.publisher import PublicationVerified, VideoPublished
from ytempire.events.signals import StageProgress
from ytempire.events.values import AssetRef
from ytempire.eventstore import new_id

API = "/api/v1"


async def messages(person: Any) -> AsyncIterator[tuple[str, Any]]:
    async with person.http.stream("GET", f"{API}/events", headers={"Last-Event-ID": "old-7"}) as answered:
        assert answered.headers["content-type"].startswith("text/event-stream")
        topic = ""
        async for line in answered.aiter_lines():
            if line.startswith("event: "):
                topic = line.removeprefix("event: ")
            if line.startswith("data: "):
                yield topic, json.loads(line.removeprefix("data: "))


async def a_video(person: Any) -> tuple[str, str]:
    begun = (await person.post("/channels/connect", {"niche_id": "niche-0"})).json()
    state = begun["consent_url"].split("state=")[1].split("&")[0]
    await person.get("/oauth/google/callback", params={"state": state, "code": "good"})
    made = await person.post("/videos/generate", {"channel_id": begun["channel_id"], "topic": "Live"})
    return begun["channel_id"], made.json()["video_id"]


async def test_progress_reaches_its_owner_alone(new_person: Any) -> None:
    owner, other = await new_person(), await new_person()
    _, video_id = await a_video(owner)
    media = await connect(owner.platform.nats, "media")

    async def heard(person: Any, wanted: str) -> Any:
        async for topic, data in messages(person):
            if topic == wanted:
                return data
        return None

    progress = StageProgress(
        video_id=video_id, user_id=owner.user_id, stage="voice", percent=42, detail="line 3 of 9", at=datetime.now(UTC)
    )
    mine = asyncio.create_task(heard(owner, "progress"))
    theirs = asyncio.create_task(heard(other, "progress"))
    for _ in range(100):
        await signal(media, f"progress.{video_id}", progress)
        if mine.done():
            break
        await asyncio.sleep(0.05)
    assert (await mine)["percent"] == 42
    await asyncio.sleep(0.2)
    assert not theirs.done()
    theirs.cancel()
    status = (await owner.get(f"/videos/status/{video_id}")).json()
    assert (status["stage"], status["percent"], status["detail"]) == ("voice", 42, "line 3 of 9")
    await media.close()


async def test_a_finished_video_is_told_shown_and_served(person: Any, new_person: Any, tmp_path: Any) -> None:
    channel_id, video_id = await a_video(person)
    told: list[tuple[str, Any]] = []
    ready = asyncio.Event()

    async def listen() -> None:
        async for topic, data in messages(person):
            told.append((topic, data))
            ready.set()
            if topic == "video" and data["status"] == "published":
                return

    listening = asyncio.create_task(listen())
    await ready.wait()
    assert told[0][0] == "hello"
    ids = {"video_id": video_id, "user_id": person.user_id, "channel_id": channel_id}
    refs = _assets(person.platform, tmp_path)
    say = person.platform.world.say
    spent = [("compute", 412_345), ("openai", 1_001)]
    costs = [
        CostIncurred(
            **ids,
            cost_id=new_id(),
            stage="script",
            provider=provider,
            bearer="customer",
            amount=Money(micros=micros, currency="USD"),
            quantity="1 piece",
        )
        for provider, micros in spent
    ]
    rendered = VideoRendered(
        **ids,
        title="The 4% rule",
        summary="s",
        chapters=(),
        sources=(),
        credits=(),
        tags=(),
        **refs,
        duration_s=61.5,
        width=1920,
        height=1080,
        fps=30,
        lufs=-14.1,
        true_peak_dbtp=-1.2,
        words=150,
        templates={"quote": 1},
        cost=Money(micros=413_346, currency="USD"),
    )
    await say("media", f"video-{video_id}", TopicChosen(**ids, title="The 4% rule", source="topic"), *costs, rendered)
    published = VideoPublished(
        **ids, platform_video_id="yt1", url="https://youtu.be/yt1", privacy="public", published_at=datetime.now(UTC)
    )
    verified = PublicationVerified(**ids, platform_video_id="yt1", verified=True, privacy="public", differences=())
    await say("publisher", f"video-{video_id}", published, verified)
    await asyncio.wait_for(listening, 10)

    video = await person.until(
        f"/videos/{video_id}", lambda v: v["rendered"] and v["publication"] and v["publication"]["verified"]
    )
    assert video["status"] == "published"
    assert video["cost"] == {"amount": "0.413346", "currency": "USD"}
    assert [(c["provider"], c["amount"]["amount"]) for c in video["cost_totals"]] == [
        ("compute", "0.412345"),
        ("openai", "0.001001"),
    ]
    assert "signature" not in json.dumps(video["rendered"])
    await _check_files(person, await new_person(), video)
    (person.platform.assets_dir / refs["video"].key).unlink()
    gone = await person.get(f"/videos/{video_id}/file")
    assert (gone.status_code, gone.json()["code"]) == (410, "file_gone")


def _assets(platform: Any, folder: Any) -> dict[str, AssetRef]:
    import base64

    key = base64.b64decode((platform.secrets_dir / "assets.sign.key").read_bytes())
    store = AssetStore(platform.assets_dir, key)
    made = {}
    for name, suffix, kind in (
        ("video", ".mp4", "video/mp4"),
        ("thumbnail", ".png", "image/png"),
        ("captions", ".vtt", "text/vtt"),
    ):
        file = folder / f"{name}{suffix}"
        file.write_bytes(name.encode() * 1000)
        made[name] = store.put(file, kind)
    return made


async def _check_files(person: Any, other: Any, video: Any) -> None:
    path = f"/videos/{video['video_id']}/file"
    part = await person.get(path, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, b"video")
    assert part.headers["content-type"] == "video/mp4"
    async with person.platform.client() as player:
        for link in video["links"].values():
            assert (await player.get(link)).status_code == 200
        token = video["links"]["file"].split("token=")[1]
        forged = await player.get(API + path, params={"token": token[:-4] + "AAAA"})
        assert forged.status_code == 401
        assert (await player.get(f"{API}/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401
        elsewhere = await player.get(f"{API}/videos/{new_id()}/file", params={"token": token})
        assert elsewhere.status_code == 401
    assert (await other.get(path)).status_code == 404


async def test_files_of_an_unfinished_video(person: Any) -> None:
    _, video_id = await a_video(person)
    answered = await person.get(f"/videos/{video_id}/file")
    assert answered.status_code == 409
    assert answered.json()["code"] == "not_rendered"
