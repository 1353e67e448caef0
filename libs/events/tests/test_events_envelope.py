"""The envelope as it travels, and the registry that finds a class by its name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ytempire.events import Envelope, Event, Money, lookup, private_events, public_events
from ytempire.events.examples import example
from ytempire.events.onboarding import PlanSelected

ID = "0190b6a0-0000-7000-8000-000000000001"
NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def enveloped(event: Event, **more: object) -> Envelope:
    values = {
        "id": ID,
        "source": "/ytempire/onboarding",
        "type": event.type_name(),
        "subject": "account-1",
        "time": NOW,
        "data": event.model_dump(mode="json"),
        "tenantid": "t",
        "correlationid": ID,
        "causationid": ID,
        "position": 7,
        "streamversion": 2,
        **more,
    }
    return Envelope.model_validate(values)


@pytest.mark.parametrize("kind", public_events(), ids=lambda kind: kind.type_name())
def test_every_public_event_comes_back_as_it_was_sent(kind: type[Event]) -> None:
    event = kind.read(example(kind))
    sent = enveloped(event, source=f"/ytempire/{kind.producers[0]}")
    received = Envelope.model_validate_json(sent.model_dump_json(exclude_none=True))
    assert received == sent
    assert received.event() == event
    assert type(received.event()) is kind
    assert received.producer == kind.producers[0]


@given(TEXT, st.integers(-(10**18), 10**18), st.datetimes(timezones=st.just(UTC)))
def test_any_text_amount_and_time_survives(text: str, micros: int, time: datetime) -> None:
    price = Money(micros=micros, currency="USD")
    event = PlanSelected(user_id=ID, plan=text, price=price, channels=1, videos_per_day=1, trial_days=0)
    sent = enveloped(event, time=time, subject=text, tenantid=text, traceparent="00-a-b-01")
    assert Envelope.model_validate_json(sent.model_dump_json()) == sent
    assert sent.event() == event


def test_rule_4_11_it_says_what_cloudevents_ask_for() -> None:
    event = PlanSelected.read(example(PlanSelected))
    wire = enveloped(event).model_dump(mode="json", exclude_none=True)
    assert {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"} <= wire.keys()
    assert (wire["specversion"], wire["time"]) == ("1.0", "2026-11-20T12:00:00.123456Z")
    assert "traceparent" not in wire
    with pytest.raises(ValidationError):
        enveloped(event, specversion="0.3")


def test_a_reader_ignores_fields_of_a_later_release_and_a_writer_may_not_invent_any() -> None:
    data = example(PlanSelected) | {"colour": "green"}
    assert PlanSelected.read(data) == PlanSelected.read(example(PlanSelected))
    with pytest.raises(ValidationError):
        PlanSelected.model_validate(data)
    assert enveloped(PlanSelected.read(data), extension="x").event() == PlanSelected.read(data)


def test_an_event_does_not_change() -> None:
    with pytest.raises(ValidationError):
        PlanSelected.read(example(PlanSelected)).plan = "scale"  # type: ignore[misc] - the refusal is what is tested


def test_an_unknown_type_says_who_is_old() -> None:
    unknown = enveloped(PlanSelected.read(example(PlanSelected)), type="PlanSelected.v9")
    with pytest.raises(LookupError, match=r"unknown event type PlanSelected\.v9: this service is older"):
        unknown.event()


class Kept(Event, owner="shelf", private=True):
    number: int


def _same_name_elsewhere() -> type[Event]:
    class Kept(Event, owner="cellar", private=True):
        word: str

    return Kept


OTHER = _same_name_elsewhere()


def test_a_private_name_is_its_service_s_own() -> None:
    assert lookup("Kept.v1", "shelf") is Kept
    assert lookup("Kept.v1", "cellar") is OTHER
    assert lookup("Kept.v1", "attic") is None
    assert {Kept, OTHER} <= set(private_events())
    assert not {Kept, OTHER} & set(public_events())
    assert enveloped(Kept(number=1), source="/ytempire/shelf").event() == Kept(number=1)


def test_a_public_name_is_everybody_s_and_given_once() -> None:
    assert lookup("PlanSelected.v1", "billing") is lookup("PlanSelected.v1", "nobody") is PlanSelected
    namespace = {"__module__": "somewhere.else", "__annotations__": {}}
    with pytest.raises(TypeError, match=r"PlanSelected\.v1 is defined twice"):
        type(Event)("PlanSelected", (Event,), namespace, owner="onboarding")
    assert lookup("PlanSelected.v1", "onboarding") is PlanSelected


def test_a_private_event_may_not_hide_behind_a_public_name() -> None:
    namespace = {"__module__": "somewhere.else", "__annotations__": {}}
    with pytest.raises(TypeError, match=r"PlanSelected\.v1 is a public event: give the private event of shelf another"):
        type(Event)("PlanSelected", (Event,), namespace, owner="shelf", private=True)
    assert lookup("PlanSelected.v1", "shelf") is PlanSelected


def test_names_carry_their_major_version() -> None:
    class Renewed(Event, owner="shelf", private=True, major=2):
        number: int

    assert Renewed.type_name() == "Renewed.v2"
    assert lookup("Renewed.v1", "shelf") is None
