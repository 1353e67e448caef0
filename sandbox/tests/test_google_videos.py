"""Videos, channels, playlists, comments and quota, by google-api-python-client."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaFileUpload

from ytempire.sandbox.google.testkit import connect, write_mp4
from ytempire.sandbox.process import Addresses, SandboxProcess


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory) -> Iterator[Addresses]:
    with SandboxProcess(tmp_path_factory.mktemp("videos")) as addresses:
        yield addresses


@pytest.fixture
def web(sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.base_url, verify=ssl.create_default_context(cafile=sandbox.ca)) as client:
        yield client
        client.delete("/control/faults")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_mp4(tmp_path_factory.mktemp("film") / "film.mp4", payload=2000)


@pytest.fixture(scope="module")
def one(sandbox):
    return connect(sandbox.base_url, sandbox.ca, "videos@example.com", "established")


@pytest.fixture(scope="module")
def youtube(one):
    return one.youtube


@pytest.fixture(scope="module")
def stranger(sandbox):
    return connect(sandbox.base_url, sandbox.ca, "stranger@example.com").youtube


def upload(youtube, film, part="snippet,status", snippet=None, **status):
    body = {
        "snippet": {"title": "A film", "categoryId": "27", **(snippet or {})},
        "status": {"privacyStatus": "private", **status},
    }
    return youtube.videos().insert(part=part, body=body, media_body=MediaFileUpload(str(film))).execute()


def reason(call, code=400):
    with pytest.raises(HttpError) as refused:
        call()
    assert refused.value.status_code == code
    return refused.value.error_details[0]["reason"]


def now(web) -> datetime:
    return datetime.fromisoformat(web.get("/control/clock").json()["now"])


def advance(web, seconds):
    web.post("/control/clock", json={"advance_seconds": seconds})


def one_of(youtube, id, part="snippet,status,statistics"):
    items = youtube.videos().list(part=part, id=id).execute()["items"]
    return items[0] if items else None


def test_my_channel(youtube):
    item = youtube.channels().list(part="snippet,statistics,status,contentDetails", mine=True).execute()["items"][0]
    assert item["snippet"]["title"] == "videos@example.com - established"
    assert int(item["statistics"]["subscriberCount"]) > 1000
    assert item["status"]["isChannelMonetizationEnabled"] is True
    assert item["contentDetails"]["relatedPlaylists"]["uploads"] == "UU" + item["id"][2:]


def test_a_fresh_channel_is_empty_and_not_monetised(stranger):
    item = stranger.channels().list(part="statistics,status", mine=True).execute()["items"][0]
    assert item["statistics"]["subscriberCount"] == item["statistics"]["viewCount"] == "0"
    assert item["status"]["isChannelMonetizationEnabled"] is False


def test_who_sees_what(web, youtube, stranger, film):
    seen = {}
    for privacy in ("private", "unlisted", "public"):
        made = upload(youtube, film, privacyStatus=privacy)
        advance(web, 3)
        seen[privacy] = (one_of(youtube, made["id"]) is not None, one_of(stranger, made["id"]) is not None)
    assert seen == {"private": (True, False), "unlisted": (True, True), "public": (True, True)}


def test_only_the_owner_sees_the_owners_parts(web, youtube, stranger, film):
    made = upload(youtube, film, privacyStatus="public", selfDeclaredMadeForKids=False)
    advance(web, 3)
    shown = one_of(stranger, made["id"], "status,processingDetails")
    assert "processingDetails" not in shown
    assert "selfDeclaredMadeForKids" not in shown["status"]


def test_privacy_is_public_when_nothing_is_said(youtube, film):
    body = {"snippet": {"title": "Silent", "categoryId": "27"}}
    made = youtube.videos().insert(part="snippet,status", body=body, media_body=MediaFileUpload(str(film))).execute()
    assert made["status"]["privacyStatus"] == "public"


def test_parts_that_are_not_named_are_ignored(youtube, film):
    made = upload(youtube, film, part="snippet", privacyStatus="private")
    assert one_of(youtube, made["id"])["status"]["privacyStatus"] == "public"


def test_update_replaces_the_whole_part(youtube, film):
    made = upload(youtube, film, snippet={"description": "Old", "tags": ["old"]})
    body = {"id": made["id"], "snippet": {"title": "New", "categoryId": "28"}}
    youtube.videos().update(part="snippet", body=body).execute()
    snippet = one_of(youtube, made["id"])["snippet"]
    assert (snippet["title"], snippet["description"], snippet["categoryId"]) == ("New", "", "28")
    assert "tags" not in snippet


def test_update_of_the_status_to_public_and_back(web, youtube, film):
    made = upload(youtube, film)
    advance(web, 3)
    for privacy in ("public", "private"):
        body = {"id": made["id"], "status": {"privacyStatus": privacy, "containsSyntheticMedia": True}}
        youtube.videos().update(part="status", body=body).execute()
        status = one_of(youtube, made["id"])["status"]
        assert (status["privacyStatus"], status["containsSyntheticMedia"]) == (privacy, True)


def test_scheduled_publication(web, youtube, stranger, film):
    when = (now(web) + timedelta(hours=6)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = upload(youtube, film, publishAt=when)
    assert one_of(youtube, made["id"])["status"]["publishAt"] == when
    assert one_of(stranger, made["id"]) is None
    advance(web, 6 * 3600 + 5)
    shown = one_of(stranger, made["id"])
    assert shown["status"]["privacyStatus"] == "public"
    assert shown["snippet"]["publishedAt"] == when


@pytest.mark.parametrize(
    ("snippet", "status", "wanted"),
    [
        ({"title": ""}, {}, "invalidTitle"),
        ({"title": "a < b"}, {}, "invalidTitle"),
        ({"description": "ä" * 2501}, {}, "invalidDescription"),
        ({"tags": ["x" * 200, "y" * 200, "z" * 200]}, {}, "invalidTags"),
        ({"categoryId": "999"}, {}, "invalidCategoryId"),
        ({}, {"privacyStatus": "public", "publishAt": "2030-01-01T00:00:00Z"}, "invalidPublishAt"),
        ({}, {"publishAt": "tomorrow"}, "invalidPublishAt"),
        ({}, {"privacyStatus": "hidden"}, "badRequest"),
        ({}, {"containsSyntheticMedia": "yes"}, "badRequest"),
        ({}, {"synthetic": True}, "badRequest"),
        ({"tags": "one"}, {}, "badRequest"),
    ],
)
def test_refused_metadata(youtube, film, snippet, status, wanted):
    assert reason(lambda: upload(youtube, film, snippet=snippet, **status)) == wanted


def test_what_is_read_only_is_ignored(youtube, film):
    made = upload(youtube, film, madeForKids=True, uploadStatus="failed", selfDeclaredMadeForKids=False)
    assert made["status"]["madeForKids"] is False
    assert made["status"]["uploadStatus"] == "uploaded"


def test_categories(youtube):
    listed = youtube.videoCategories().list(part="snippet", regionCode="US").execute()["items"]
    assert {item["id"]: item["snippet"]["title"] for item in listed}["27"] == "Education"


def test_a_suspended_account(web, youtube):
    web.post("/control/faults", json={"provider": "youtube", "action": "provider", "name": "suspended"})
    call = youtube.channels().list(part="id", mine=True).execute
    assert reason(call, 403) == "authenticatedUserAccountSuspended"


def test_wrong_parameters(web, sandbox, youtube):
    assert reason(lambda: youtube.videos().list(part="snippet,wrong", id="x").execute()) == "unknownPart"
    assert reason(lambda: youtube.videos().list(part="snippet").execute()) == "missingRequiredParameter"
    fresh = connect(sandbox.base_url, sandbox.ca, "videos@example.com")
    headers = {"Authorization": f"Bearer {fresh.tokens['access_token']}"}
    for query, wanted in (
        ("part=id&id=x&colour=red", "badRequest"),
        ("id=x", "required"),
        ("part=id&mine=maybe", None),
    ):
        path = "channels" if "mine" in query else "videos"
        answer = web.get(f"/youtube/youtube/v3/{path}?{query}", headers=headers)
        assert answer.status_code == 400
        assert wanted in (None, answer.json()["error"]["errors"][0]["reason"])


def test_what_the_sandbox_does_not_know_says_so(web):
    answer = web.get("/youtube/youtube/v3/i18nRegions?part=snippet")
    assert answer.status_code == 404
    assert "does not stand in for" in answer.json()["error"]["message"]


def test_without_a_token(web):
    answer = web.get("/youtube/youtube/v3/videos?part=id&id=x")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_delete(youtube, stranger, film):
    made = upload(youtube, film, privacyStatus="public")
    assert reason(lambda: stranger.videos().delete(id=made["id"]).execute(), 403) == "forbidden"
    youtube.videos().delete(id=made["id"]).execute()
    assert one_of(youtube, made["id"]) is None
    assert reason(lambda: youtube.videos().delete(id=made["id"]).execute(), 404) == "videoNotFound"


def test_the_list_of_uploads_has_pages(sandbox, film):
    youtube = connect(sandbox.base_url, sandbox.ca, "pages@example.com").youtube
    ids = [upload(youtube, film, snippet={"title": f"No {number}"})["id"] for number in range(7)]
    channel = youtube.channels().list(part="contentDetails", mine=True).execute()["items"][0]
    uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
    listing, found = youtube.playlistItems(), []
    request = listing.list(part="contentDetails", playlistId=uploads, maxResults=3)
    while request is not None:
        answer = request.execute()
        found += [item["contentDetails"]["videoId"] for item in answer["items"]]
        request = listing.list_next(request, answer)
    assert found == list(reversed(ids))


def test_playlists(youtube, stranger, film):
    made = upload(youtube, film, privacyStatus="public")
    body = {"snippet": {"title": "Series"}, "status": {"privacyStatus": "unlisted"}}
    playlist = youtube.playlists().insert(part="snippet,status", body=body).execute()
    item = {"snippet": {"playlistId": playlist["id"], "resourceId": {"kind": "youtube#video", "videoId": made["id"]}}}
    youtube.playlistItems().insert(part="snippet", body=item).execute()
    listed = youtube.playlistItems().list(part="snippet,contentDetails", playlistId=playlist["id"]).execute()
    assert listed["items"][0]["contentDetails"]["videoId"] == made["id"]
    mine = youtube.playlists().list(part="contentDetails", mine=True).execute()["items"]
    assert [p["contentDetails"]["itemCount"] for p in mine if p["id"] == playlist["id"]] == [1]
    insert = stranger.playlistItems().insert(part="snippet", body=item)
    assert reason(insert.execute, 403) == "playlistItemsNotAccessible"
    untitled = youtube.playlists().insert(part="snippet", body={"snippet": {"title": " "}})
    assert reason(untitled.execute) == "playlistTitleRequired"


def test_comments(youtube, stranger, film):
    made = upload(youtube, film, privacyStatus="public")
    text = {"topLevelComment": {"snippet": {"textOriginal": "Sources are below."}}}
    youtube.commentThreads().insert(part="snippet", body={"snippet": {"videoId": made["id"], **text}}).execute()
    threads = stranger.commentThreads().list(part="snippet", videoId=made["id"]).execute()["items"]
    assert threads[0]["snippet"]["topLevelComment"]["snippet"]["textOriginal"] == "Sources are below."
    empty = youtube.commentThreads().insert(part="snippet", body={"snippet": {"videoId": made["id"]}})
    assert reason(empty.execute) == "commentTextRequired"


def test_statistics_grow_and_never_shrink(web, youtube, film):
    made = upload(youtube, film, privacyStatus="public")
    advance(web, 3)
    views = []
    for _ in range(4):
        views.append(int(one_of(youtube, made["id"])["statistics"]["viewCount"]))
        advance(web, 86400)
    assert views == sorted(views)
    assert views[-1] > views[0]
    stats = youtube.videos().batchGetStats(part="statistics", id=made["id"]).execute()["items"][0]
    assert int(stats["statistics"]["viewCount"]) >= views[-1]


def test_quota_of_uploads_and_of_units_are_apart(tmp_path, film):
    limits = json.dumps({"uploads": 2, "searches": 1, "batch_stats": 5, "units": 103})
    with SandboxProcess(tmp_path, google_quota_limits=limits) as sandbox:
        youtube = connect(sandbox.base_url, sandbox.ca, "quota@example.com").youtube
        for _ in range(2):
            made = upload(youtube, film)
        assert reason(lambda: upload(youtube, film), 403) == "quotaExceeded"
        body = {"id": made["id"], "snippet": {"title": "New", "categoryId": "28"}}
        for _ in range(2):
            youtube.videos().update(part="snippet", body=body).execute()
        assert reason(youtube.videos().update(part="snippet", body=body).execute, 403) == "quotaExceeded"
        for _ in range(3):
            youtube.channels().list(part="id", mine=True).execute()
        assert reason(youtube.channels().list(part="id", mine=True).execute, 403) == "quotaExceeded"
        web = httpx.Client(base_url=sandbox.base_url, verify=ssl.create_default_context(cafile=sandbox.ca))
        advance(web, 86400)
        assert upload(youtube, film)["id"]
        lines = web.get("/control/journal", params={"provider": "youtube"}).json()
        web.close()
    spent = [line["detail"]["quota_units"] for line in lines if line["detail"].get("quota_bucket") == "units"]
    assert sum(spent[:-1]) <= 103
