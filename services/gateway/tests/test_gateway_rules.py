"""Small rules of the edge, without servers."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.gateway.adapters.passwords import ArgonPasswords
from ytempire.gateway.adapters.tokens import Access, MediaLink, TokenError, Tokens
from ytempire.gateway.features.receive_webhook import check_signature
from ytempire.gateway.features.sign_up import email_digest
from ytempire.gateway.features.statements import Days, month_of, rolling, today, week_of
from ytempire.gateway.limits import Bucket, Failures
from ytempire.gateway.problems import Problem, from_rejection, pointer


def test_a_bucket_empties_and_says_when_to_come_back() -> None:
    bucket = Bucket(rate=0.5, burst=2)
    bucket.take("a")
    bucket.take("a")
    bucket.take("b")
    with pytest.raises(Problem) as refused:
        bucket.take("a")
    assert refused.value.status == 429
    assert refused.value.headers["Retry-After"] == "2"


def test_failures_close_the_door() -> None:
    failures = Failures(most=2)
    for _ in range(2):
        failures.check("a")
        failures.add("a")
    with pytest.raises(Problem):
        failures.check("a")
    failures.check("b")


@pytest.mark.parametrize(
    ("code", "field", "status"),
    [
        ("video_not_found", "video_id", 404),
        ("channel_limit", "channel_id", 409),
        ("quota_exhausted", "video_id", 409),
        ("already_scheduled", "video_id", 409),
        ("card_declined", "payment_method_id", 402),
        ("no_subscription", "channel_id", 402),
        ("unknown_plan", "plan", 422),
    ],
)
def test_owners_codes_have_a_status(code: str, field: str, status: int) -> None:
    problem = from_rejection({"code": code, "field": field, "message": "Do this."})
    assert (problem.status, problem.field) == (status, f"/{field}")


def test_pointers() -> None:
    assert [pointer(f) for f in ("", "brief", "/a/b", "a.b")] == [None, "/brief", "/a/b", "/a/b"]


@given(st.binary(), st.integers(min_value=0, max_value=2**40))
def test_a_signature_fits_its_body_and_its_moment_alone(body: bytes, moment: int) -> None:
    digest = hmac.new(b"key", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    header = f"t={moment},v0=zz,v1={digest}"
    check_signature(b"key", body, header, moment + 300)
    for wrong in ((b"key", body + b"x", header, moment), (b"yek", body, header, moment)):
        with pytest.raises(Problem):
            check_signature(*wrong)
    with pytest.raises(Problem):
        check_signature(b"key", body, header, moment + 301)


@pytest.mark.parametrize("header", ["", "t=", "t=x,v1=1", "v1=00", "t=1,t=2,v1=00", "t=٣,v1=00", "t=1,v1=ü"])
def test_headers_that_are_no_signatures(header: str) -> None:
    with pytest.raises(Problem) as refused:
        check_signature(b"key", b"{}", header, 1)
    assert refused.value.code == "invalid_signature"


def test_tokens_are_good_for_one_purpose() -> None:
    tokens = Tokens(b"k" * 32, 60, 60)
    access, media = tokens.access("u", "s"), tokens.media("u", Access("u", "s", 0), "v")
    assert (tokens.read_access(access).user_id, tokens.read_access(access).session_id) == ("u", "s")
    assert tokens.read_media(media, "v") == MediaLink("u", "u")
    for read in (
        lambda: tokens.read_access(media),
        lambda: tokens.read_media(access, "v"),
        lambda: tokens.read_media(media, "w"),
        lambda: Tokens(b"x" * 32, 60, 60).read_access(access),
        lambda: Tokens(b"k" * 32, 60, 60).read_access(Tokens(b"k" * 32, -1, 60).access("u", "s")),
    ):
        with pytest.raises(TokenError):
            read()


async def test_passwords() -> None:
    passwords = ArgonPasswords(10)
    kept = await passwords.hash("correct horse")
    assert await passwords.verify("correct horse", kept)
    assert not await passwords.verify("wrong", kept)
    assert not await passwords.verify("correct horse", None)
    assert not await passwords.verify("correct horse", "not a hash")


def test_an_address_has_one_digest() -> None:
    assert email_digest(b"k", " Mara@Example.com ") == email_digest(b"k", "mara@example.COM")
    assert email_digest(b"k", "a@example.com") != email_digest(b"l", "a@example.com")


def test_days() -> None:
    assert month_of(date(2028, 2, 10)) == Days(date(2028, 2, 1), date(2028, 2, 29))
    assert week_of(date(2026, 11, 22)) == Days(date(2026, 11, 16), date(2026, 11, 22))
    assert rolling(date(2026, 11, 22), 30).count == 30
    assert month_of(date(2026, 1, 9)).is_month
    assert not rolling(date(2026, 1, 31), 30).is_month
    late = datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert today(late, "America/New_York") == date(2025, 12, 31)
    assert today(late, "Mars/Base") == date(2026, 1, 1)
