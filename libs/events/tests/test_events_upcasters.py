"""Majors side by side: a log is written in every version there ever was, and read in the newest alone.

The reference: an event whose meaning changed twice. Version 1 held an amount in whole dollars, version 2 micro-units
without a currency, version 3 is exact money with a reason.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytempire.events import Envelope, Event, Money, lookup, newest, private_events, type_names, upcaster, versions
from ytempire.events.registry import read

ID = "0190b6a0-0000-7000-8000-000000000001"


class FeeAgreedV1(Event, owner="shelf", private=True, name="FeeAgreed", major=1):
    dollars: int


class FeeAgreedV2(Event, owner="shelf", private=True, name="FeeAgreed", major=2):
    micros: int


class FeeAgreed(Event, owner="shelf", private=True, major=3):
    fee: Money
    reason: str


@upcaster(FeeAgreedV1, FeeAgreedV2)
def _in_micros(old: FeeAgreedV1) -> FeeAgreedV2:
    return FeeAgreedV2(micros=old.dollars * 1_000_000)


@upcaster(FeeAgreedV2, FeeAgreed)
def _with_currency_and_reason(old: FeeAgreedV2) -> FeeAgreed:
    return FeeAgreed(fee=Money(micros=old.micros, currency="USD"), reason="")


@given(st.integers(-(10**9), 10**9))
def test_rule_4_10_every_old_version_reads_as_the_newest(dollars: int) -> None:
    wanted = FeeAgreed(fee=Money.parse(dollars, "USD"), reason="")
    assert read("FeeAgreed.v1", "shelf", {"dollars": dollars}) == wanted
    assert read("FeeAgreed.v2", "shelf", {"micros": dollars * 1_000_000}) == wanted
    assert read("FeeAgreed.v3", "shelf", wanted.model_dump(mode="json")) == wanted


@given(st.integers(-(10**9), 10**9))
def test_rule_4_10_reading_again_what_was_read_changes_nothing(dollars: int) -> None:
    once = read("FeeAgreed.v1", "shelf", {"dollars": dollars})
    assert read(once.type_name(), "shelf", once.model_dump(mode="json")) == once


def test_an_envelope_of_an_old_version_is_the_event_of_today() -> None:
    wire: dict[str, Any] = {
        "id": ID,
        "source": "/ytempire/shelf",
        "type": "FeeAgreed.v1",
        "subject": "fee-1",
        "time": datetime(2026, 11, 20, tzinfo=UTC),
        "data": {"dollars": 97, "unknown_here": True},
        "tenantid": "t",
        "correlationid": ID,
        "causationid": ID,
        "position": 1,
        "streamversion": 1,
    }
    assert Envelope.model_validate(wire).event() == FeeAgreed(fee=Money.parse(97, "USD"), reason="")


def test_versions_stand_side_by_side_and_the_newest_is_what_handlers_know() -> None:
    assert versions(FeeAgreed) == (FeeAgreedV1, FeeAgreedV2, FeeAgreed)
    assert type_names(FeeAgreed) == ("FeeAgreed.v1", "FeeAgreed.v2", "FeeAgreed.v3")
    assert {newest(version) for version in versions(FeeAgreed)} == {FeeAgreed}
    assert lookup("FeeAgreed.v2", "shelf") is FeeAgreedV2
    assert {FeeAgreed, FeeAgreedV1, FeeAgreedV2} & set(private_events()) == {FeeAgreed}
    assert {FeeAgreed, FeeAgreedV1, FeeAgreedV2} <= set(private_events(superseded=True))


class Stranger(Event, owner="shelf", private=True, major=9):
    """Another event altogether."""


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (FeeAgreed, FeeAgreed, "leads to a later version"),
        (FeeAgreed, FeeAgreedV1, "leads to a later version"),
        (FeeAgreed, Stranger, "leads to a version of itself"),
        (FeeAgreedV1, FeeAgreed, "has an upcaster already, to FeeAgreed.v2"),
    ],
)
def test_an_upcaster_leads_forward_once_and_stays_with_its_event(old: type[Event], new: type[Event], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        upcaster(old, new)
