"""Uploads by google-api-python-client: resumable with every kind of trouble, thumbnails, captions."""

import io
import ssl
import struct
import zlib
from collections.abc import Iterator

import httpx
import pytest
from googleapiclient.errors import HttpError, ResumableUploadError
from googleapiclient.http import MediaFileUpload, MediaInMemoryUpload, MediaIoBaseDownload

from ytempire.sandbox.google.testkit import connect, write_mp4
from ytempire.sandbox.process import Addresses, SandboxProcess

BLOCK = 256 * 1024
SRT = "1\n00:00:00,000 --> 00:00:02,500\nHello there.\n\n2\n00:00:02,500 --> 00:00:04,000\nGood-bye.\n"


@pytest.fixture(scope="module")
def process(tmp_path_factory) -> Iterator[SandboxProcess]:
    runner = SandboxProcess(tmp_path_factory.mktemp("uploads"))
    with runner:
        yield runner


@pytest.fixture(scope="module")
def sandbox(process) -> Addresses:
    facts = httpx.Response(200, content=(process.state_dir / "sandbox.json").read_bytes()).json()
    return Addresses(facts["base_url"], facts["port"], facts["smtp_port"], facts["ca"])


@pytest.fixture
def web(sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.base_url, verify=ssl.create_default_context(cafile=sandbox.ca)) as client:
        yield client
        client.delete("/control/faults")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_mp4(tmp_path_factory.mktemp("film") / "film.mp4", 65.4)


@pytest.fixture(scope="module")
def one(sandbox):
    return connect(sandbox.base_url, sandbox.ca, "uploads@example.com", "established")


@pytest.fixture(scope="module")
def youtube(one):
    return one.youtube


def body(title="A film", **status):
    return {
        "snippet": {"title": title, "description": "Text", "tags": ["one", "two words"], "categoryId": "27"},
        "status": {
            "privacyStatus": "private",
            "containsSyntheticMedia": True,
            "selfDeclaredMadeForKids": False,
            **status,
        },
    }


def start(youtube, film, title="A film", chunk=BLOCK, **status):
    media = MediaFileUpload(str(film), mimetype="video/mp4", chunksize=chunk, resumable=True)
    return youtube.videos().insert(part="snippet,status", body=body(title, **status), media_body=media)


def finish(request, **options):
    answer = None
    while answer is None:
        _, answer = request.next_chunk(**options)
    return answer


def switch(web, name, **more):
    rule = {"provider": "youtube", "action": "provider", "name": name, **more}
    assert web.post("/control/faults", json=rule).status_code == 201


def own_titles(youtube):
    channel = youtube.channels().list(part="contentDetails", mine=True).execute()["items"][0]
    uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
    listed = youtube.playlistItems().list(part="snippet", playlistId=uploads, maxResults=50).execute()
    return [item["snippet"]["title"] for item in listed["items"]]


def processed(web, youtube, id, parts="status,contentDetails,processingDetails,fileDetails"):
    web.post("/control/clock", json={"advance_seconds": 3})
    return youtube.videos().list(part=parts, id=id).execute()["items"][0]


def test_resumable_upload_and_processing(web, youtube, film):
    made = finish(start(youtube, film, "Plain"))
    assert made["status"]["uploadStatus"] == "uploaded"
    shown = processed(web, youtube, made["id"])
    assert shown["status"]["uploadStatus"] == "processed"
    assert shown["status"]["containsSyntheticMedia"] is True
    assert shown["status"]["madeForKids"] is False
    assert shown["contentDetails"]["duration"] == "PT1M5S"
    assert shown["contentDetails"]["definition"] == "hd"
    assert shown["fileDetails"]["fileSize"] == str(film.stat().st_size)
    assert shown["processingDetails"]["processingStatus"] == "succeeded"


def test_what_was_uploaded_is_what_the_page_serves(web, youtube, film):
    made = finish(start(youtube, film, "Served"))
    page = f"/channels/{made['snippet']['channelId']}/videos/{made['id']}"
    assert web.get(page + "/file").content == film.read_bytes()
    part = web.get(page + "/file", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, film.read_bytes()[100:200])
    assert "Served" in web.get(page).text


def test_an_interrupted_chunk_is_continued_where_it_broke(web, youtube, film):
    switch(web, "mid_chunk_503", skip=1)
    request = start(youtube, film, "Interrupted", chunk=2 * BLOCK)
    request.next_chunk()
    with pytest.raises(HttpError) as broken:
        request.next_chunk()
    assert broken.value.status_code == 503
    assert finish(request)["snippet"]["title"] == "Interrupted"


def test_the_client_rewinds_when_less_was_stored(web, youtube, film):
    switch(web, "short_range")
    request = start(youtube, film, "Short", chunk=2 * BLOCK)
    status, _ = request.next_chunk()
    assert status.resumable_progress == BLOCK
    made = finish(request)
    page = f"/channels/{made['snippet']['channelId']}/videos/{made['id']}/file"
    assert web.get(page).content == film.read_bytes()


def test_a_lost_last_answer_is_found_again_by_asking_the_session(web, one, youtube, film):
    request = start(youtube, film, "Lost answer", chunk=-1)
    fault = {"provider": "youtube", "method": "PUT", "path": "/upload/", "action": "drop_answer"}
    web.post("/control/faults", json=fault)
    # httplib2 repeats a request whose connection broke, though with nothing left in its stream.
    assert finish(request)["snippet"]["title"] == "Lost answer"
    headers = {
        "Authorization": f"Bearer {one.tokens['access_token']}",
        "Content-Range": f"bytes */{film.stat().st_size}",
    }
    answer = web.put(request.resumable_uri, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["snippet"]["title"] == "Lost answer"
    assert own_titles(youtube).count("Lost answer") == 1


def test_a_new_client_takes_up_a_session_it_only_knows_the_address_of(one, film):
    first = start(one.youtube, film, "Taken up")
    first.next_chunk()
    second = start(one.youtube, film, "ignored")
    second.resumable_uri = first.resumable_uri
    second._in_error_state = True
    assert finish(second)["snippet"]["title"] == "Taken up"


def test_the_state_of_a_session_can_be_asked(web, one, youtube, film):
    request = start(youtube, film, "State")
    token = {"Authorization": f"Bearer {one.tokens['access_token']}"}
    size = film.stat().st_size
    with pytest.raises(AttributeError):
        request.next_chunk(http=_NoNetwork(request.http))
    fresh = web.put(request.resumable_uri, headers={**token, "Content-Range": f"bytes */{size}"})
    assert (fresh.status_code, fresh.headers.get("range")) == (308, None)
    request.next_chunk()
    later = web.put(request.resumable_uri, headers={**token, "Content-Range": f"bytes */{size}"})
    assert (later.status_code, later.headers["range"]) == (308, f"bytes=0-{BLOCK - 1}")


class _NoNetwork:
    """Lets the start of a session through and nothing after it."""

    def __init__(self, http):
        self._http = http

    def request(self, uri, method="GET", **more):
        if method == "PUT":
            raise AttributeError("no network")
        return self._http.request(uri, method=method, **more)


@pytest.mark.parametrize(
    "content_range",
    ["bytes 262144-524287/{size}", "bytes 0-99/{size}", "bytes 0-262143/7", "bytes 9-3/{size}", "lines 1-2"],
)
def test_a_wrong_content_range_is_refused(web, one, film, content_range):
    request = start(one.youtube, film, "Wrong range")
    with pytest.raises(AttributeError):
        request.next_chunk(http=_NoNetwork(request.http))
    headers = {
        "Authorization": f"Bearer {one.tokens['access_token']}",
        "Content-Range": content_range.format(size=film.stat().st_size),
    }
    length = 100 if "0-99" in content_range else BLOCK
    answer = web.put(request.resumable_uri, content=bytes(length), headers=headers)
    assert answer.status_code == 400


def test_an_expired_session_must_be_started_again(web, youtube, film):
    request = start(youtube, film, "Expired")
    request.next_chunk()
    web.post("/control/clock", json={"advance_seconds": 8 * 86400})
    with pytest.raises(HttpError) as gone:
        request.next_chunk()
    assert gone.value.status_code == 404
    assert "Expired" not in own_titles(youtube)


def test_refused_before_any_byte_is_sent(youtube, film):
    request = start(youtube, film, "x" * 101)
    with pytest.raises(ResumableUploadError) as refused:
        request.next_chunk()
    assert refused.value.status_code == 400
    assert refused.value.error_details[0]["reason"] == "invalidTitle"


def test_simple_multipart_upload(youtube, film):
    media = MediaFileUpload(str(film), mimetype="video/mp4")
    made = youtube.videos().insert(part="snippet,status", body=body("Multipart"), media_body=media).execute()
    assert made["snippet"]["title"] == "Multipart"


@pytest.mark.parametrize(("content", "reason"), [(b"no video at all", "invalidFile"), (b"", "emptyFile")])
def test_a_file_that_is_no_video_fails_in_processing(web, youtube, content, reason):
    media = MediaInMemoryUpload(content, mimetype="video/mp4", resumable=True)
    made = youtube.videos().insert(part="snippet,status", body=body("Broken"), media_body=media).execute()
    status = processed(web, youtube, made["id"])["status"]
    assert (status["uploadStatus"], status["failureReason"]) == ("failed", reason)


def test_switches_of_the_provider(web, youtube, film):
    switch(web, "locked_private")
    locked = finish(start(youtube, film, "Locked", privacyStatus="public"))
    assert processed(web, youtube, locked["id"])["status"]["privacyStatus"] == "private"
    switch(web, "rejected", body={"reason": "claim"})
    rejected = finish(start(youtube, film, "Rejected"))
    assert processed(web, youtube, rejected["id"])["status"]["rejectionReason"] == "claim"
    switch(web, "upload_limit")
    with pytest.raises(ResumableUploadError) as refused:
        start(youtube, film, "One too many").next_chunk()
    assert refused.value.error_details[0]["reason"] == "uploadLimitExceeded"


def test_uploads_survive_a_crash_of_the_sandbox(tmp_path, film):
    runner = SandboxProcess(tmp_path)
    first = runner.start()
    try:
        one = connect(first.base_url, first.ca, "crash@example.com")
        request = start(one.youtube, film, "After the crash")
        request.next_chunk()
        runner.kill()
        second = runner.start()
        one.base_url = second.base_url
        again = start(one.youtube, film)
        again.resumable_uri = request.resumable_uri.replace(first.base_url, second.base_url)
        again._in_error_state = True
        assert finish(again)["snippet"]["title"] == "After the crash"
    finally:
        runner.stop()


def png(width: int, height: int) -> bytes:
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes((width + 1) * height))) + chunk(b"IEND", b"")
    )


def test_thumbnail(web, youtube, film):
    made = finish(start(youtube, film, "With a picture"))
    picture = png(1280, 720)
    media = MediaInMemoryUpload(picture, mimetype="image/png")
    answer = youtube.thumbnails().set(videoId=made["id"], media_body=media).execute()
    assert answer["kind"] == "youtube#thumbnailSetResponse"
    assert web.get(answer["items"][0]["maxres"]["url"]).content == picture
    assert processed(web, youtube, made["id"])["contentDetails"]["hasCustomThumbnail"] is True


@pytest.mark.parametrize("picture", [b"no picture", png(320, 180)])
def test_a_bad_thumbnail_is_refused(youtube, film, picture):
    made = finish(start(youtube, film, "Bad picture"))
    media = MediaInMemoryUpload(picture, mimetype="image/png", resumable=True)
    with pytest.raises(HttpError) as refused:
        youtube.thumbnails().set(videoId=made["id"], media_body=media).execute()
    assert refused.value.error_details[0]["reason"] == "invalidImage"


def test_an_unverified_channel_may_not_set_thumbnails(web, youtube, film):
    made = finish(start(youtube, film, "Unverified"))
    switch(web, "phone_unverified")
    with pytest.raises(HttpError) as refused:
        youtube.thumbnails().set(videoId=made["id"], media_body=MediaInMemoryUpload(png(640, 360))).execute()
    assert (refused.value.status_code, refused.value.error_details[0]["reason"]) == (403, "forbidden")


def caption(youtube, id, text=SRT, name="English"):
    media = MediaInMemoryUpload(text.encode(), mimetype="application/octet-stream")
    snippet = {"snippet": {"videoId": id, "language": "en", "name": name, "isDraft": False}}
    return youtube.captions().insert(part="snippet", body=snippet, media_body=media).execute()


def test_captions(web, youtube, film):
    made = finish(start(youtube, film, "Captioned"))
    track = caption(youtube, made["id"])
    assert track["snippet"]["status"] == "serving"
    assert youtube.captions().list(part="snippet", videoId=made["id"]).execute()["items"][0]["id"] == track["id"]
    assert processed(web, youtube, made["id"])["contentDetails"]["caption"] == "true"
    out = io.BytesIO()
    MediaIoBaseDownload(out, youtube.captions().download(id=track["id"], tfmt="srt")).next_chunk()
    assert out.getvalue().decode() == SRT
    assert youtube.captions().download(id=track["id"], tfmt="vtt").execute().startswith(b"WEBVTT\n\n1\n00:00:00.000")
    with pytest.raises(HttpError) as twice:
        caption(youtube, made["id"])
    assert twice.value.status_code == 409
    youtube.captions().delete(id=track["id"]).execute()
    assert youtube.captions().list(part="snippet", videoId=made["id"]).execute()["items"] == []


def test_a_caption_track_without_times_fails(youtube, film):
    made = finish(start(youtube, film, "Untimed"))
    track = caption(youtube, made["id"], "Just text.", "Plain")
    assert (track["snippet"]["status"], track["snippet"]["failureReason"]) == ("failed", "unknownFormat")


def test_a_reset_forgets_videos_and_their_files(tmp_path, film):
    with SandboxProcess(tmp_path) as sandbox:
        youtube = connect(sandbox.base_url, sandbox.ca, "reset@example.com").youtube
        finish(start(youtube, film, "Forgotten"))
        assert list((tmp_path / "youtube").iterdir())
        httpx.post(f"{sandbox.base_url}/control/reset", verify=ssl.create_default_context(cafile=sandbox.ca))
        assert list((tmp_path / "youtube").iterdir()) == []
