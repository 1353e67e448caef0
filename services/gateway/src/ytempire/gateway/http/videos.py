"""Videos: ask for one, follow it, approve and publish it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from ytempire.events.gateway import ApprovalGiven, PublishRequested, VideoRequested
from ytempire.eventstore import NO_STREAM
from ytempire.gateway.http.answers import API, PENDING, PROBLEMS, Json, answer, known_id
from ytempire.gateway.http.fields import Body, Brief, LengthS, Topic, Word
from ytempire.gateway.http.identity import ActingNow, EdgeNow, WorkReads, WorkWrites
from ytempire.gateway.http.preferences import effective
from ytempire.gateway.problems import Problem, not_found
from ytempire.gateway.projections.channels import CHANNELS, channels
from ytempire.gateway.projections.money import MONEY, recommendations
from ytempire.gateway.projections.video_tables import costs, stages, videos
from ytempire.gateway.projections.videos import VIDEOS
from ytempire.gateway.reading import Row, TenantReads
from ytempire.gateway.views import channel_status, video_progress, video_summary, video_view

router = APIRouter(prefix=API, tags=["videos"], responses=PROBLEMS)


class GenerateBody(Body):
    channel_id: Word
    topic: Topic | None = None
    brief: Brief | None = None
    style: Word | None = None
    length_s: LengthS | None = None


class EmptyBody(Body):
    pass


class PublishBody(Body):
    privacy: Literal["public", "unlisted", "private"] = "public"


async def video_row(reads: TenantReads, video_id: str) -> Row:
    """The tenant's video.

    :raises Problem: 404 if there is none with this id.
    """
    row = await reads.one(VIDEOS, videos, videos.c.video_id == known_id(video_id, "video"))
    if row is None:
        raise not_found("video")
    return row


@router.post("/videos/generate", status_code=201, responses=PENDING, summary="Make a video from a brief or a topic")
async def generate(body: GenerateBody, write: WorkWrites, edge: EdgeNow) -> Response:
    channel = await write.reads.one(CHANNELS, channels, channels.c.channel_id == body.channel_id)
    if channel is None:
        raise not_found("channel", "/channel_id")
    if channel_status(channel) == "pending":
        text = "This channel waits for your consent at Google. Open its consent first: POST /channels/connect."
        raise Problem(409, "channel_pending", text, field="/channel_id")
    wanted = await effective(write.reads, body.channel_id)
    reservation = await write.reserve()
    video_id = reservation.resource_id
    event = VideoRequested(
        video_id=video_id,
        user_id=write.user_id,
        channel_id=body.channel_id,
        topic=body.topic,
        brief=body.brief,
        style=body.style or wanted.video_style,
        length_s=body.length_s or wanted.video_length_s,
        requested_by="user",
        **wanted.model_dump(include={"language", "voice", "brand_colour", "brand_accent", "font_kit"}),
    )
    outcome = await edge.intents.request(write.user_id, reservation, f"video-{video_id}", event, NO_STREAM)
    links = {"status_url": f"{API}/videos/status/{video_id}", "video_url": f"{API}/videos/{video_id}"}
    return answer(
        outcome,
        lambda data: {**data, "status": "accepted", **links},
        created=links["video_url"],
        resource={"video_id": video_id, **links},
    )


@router.get("/videos", summary="Your videos, newest first")
async def list_videos(
    edge: EdgeNow,
    reads: WorkReads,
    channel_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(description="video_id of the last one of the page before")] = None,
) -> Response:
    conditions = []
    if channel_id is not None:
        conditions.append(videos.c.channel_id == known_id(channel_id, "channel"))
    if before is not None:
        conditions.append(videos.c.video_id < known_id(before, "video"))
    rows = await reads.rows(VIDEOS, videos, *conditions, order=(videos.c.video_id.desc(),), limit=limit)
    shown = [video_summary(row, edge.hub.progress(reads.tenant, row["video_id"])) for row in rows]
    return Json({"videos": shown, "next_before": rows[-1]["video_id"] if len(rows) == limit else None})


@router.get("/videos/status/{video_id}", summary="How far a video is")
async def status(video_id: str, edge: EdgeNow, reads: WorkReads) -> Response:
    row = await video_row(reads, video_id)
    return Json(video_progress(row, edge.hub.progress(reads.tenant, video_id)))


@router.get("/videos/{video_id}", summary="Everything about one video, with links to its files")
async def get_video(video_id: str, edge: EdgeNow, reads: WorkReads, acting: ActingNow) -> Response:
    row = await video_row(reads, video_id)
    done = await reads.rows(VIDEOS, stages, stages.c.video_id == video_id, order=(stages.c.mark,))
    spent = await reads.rows(VIDEOS, costs, costs.c.video_id == video_id, order=(costs.c.at, costs.c.cost_id))
    advice = await reads.one(MONEY, recommendations, recommendations.c.video_id == video_id)
    live, token = edge.hub.progress(reads.tenant, video_id), edge.tokens.media(acting.account, acting.access, video_id)
    return Json(video_view(row, live, done, spent, advice, token))


@router.post("/videos/{video_id}/approve", summary="Say that you looked at the video and it may be published")
async def approve(video_id: str, write: WorkWrites, edge: EdgeNow, body: EmptyBody | None = None) -> Response:
    await video_row(write.reads, video_id)
    reservation = await write.reserve()
    event = ApprovalGiven(user_id=write.user_id, video_id=video_id)
    await edge.intents.record(write.user_id, reservation, f"video-{video_id}", event)
    return Json({"operation_id": reservation.operation_id, "video_id": video_id, "status": "approved"})


@router.post("/videos/{video_id}/publish", responses=PENDING, summary="Publish on the video's channel")
async def publish(video_id: str, body: PublishBody, write: WorkWrites, edge: EdgeNow) -> Response:
    await video_row(write.reads, video_id)
    event = PublishRequested(user_id=write.user_id, video_id=video_id, privacy=body.privacy)
    outcome = await edge.intents.request(write.user_id, await write.reserve(), f"video-{video_id}", event)
    return answer(outcome, lambda data: {**data, "status": "scheduled"}, resource={"video_id": video_id})
