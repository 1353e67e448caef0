"""What services take from each other: declared, really read, provided by its producers, carried by the bus."""

from __future__ import annotations

from pathlib import Path

import pytest
from service_code import consumed, envelopes_made, made, projected, projections, read, subscribed

from ytempire.bus import topology
from ytempire.cli.embedded.nats import service_permissions
from ytempire.events import SERVICES, Event, public_events
from ytempire.events.catalogue import expectations, planned
from ytempire.events.examples import example

FOLDER = Path(__file__).parent
DECLARED = expectations(FOLDER)
BY_TYPE = {event.type_name(): event for event in public_events()}
BY_NAME = {event.__name__: event for event in public_events()}
READINGS = [(service, kind, fields) for service, events in DECLARED.items() for kind, fields in events.items()]


def missing_fields(service: str, kind: str, fields: tuple[str, ...], event: type[Event] | None) -> list[str]:
    """What a service expects and its producer does not give, a line each with service, event and field."""
    if event is None:
        return [f"{service} expects {kind}, which does not exist"]
    if not fields:
        return [f"{service} takes {kind} but declares no field of it"]
    given = example(event)
    lines = [
        f"{service} reads {kind} field {name}: the event has none" for name in fields if name not in event.model_fields
    ]
    return lines + [
        f"{service} reads {kind} field {name}: the golden example has none"
        for name in fields
        if name in event.model_fields and name not in given and event.model_fields[name].is_required()
    ]


def test_every_service_declares_what_it_expects() -> None:
    assert set(DECLARED) == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_declares_what_it_really_takes(service: str) -> None:
    real = {event.type_name() for event in consumed(service)}
    declared = set(DECLARED[service])
    assert not real - declared, f"expectations/{service}.toml does not declare {sorted(real - declared)}"
    # a need may be stated before anybody appends the event, so that its producer knows
    idle = declared - real - planned(FOLDER)
    assert not idle, f"{service} declares {sorted(idle)} but neither subscribes nor projects it"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_declares_every_field_its_code_reads(service: str) -> None:
    taken = {event.__name__ for event in consumed(service)}
    undeclared = [
        f"{use.place}: {service} reads {use.event} field {use.field}, not declared in expectations/{service}.toml"
        for use in read(service)
        if use.event in taken and use.field not in DECLARED[service][BY_NAME[use.event].type_name()]
    ]
    assert not undeclared, "\n".join(undeclared)


@pytest.mark.parametrize(("service", "kind", "fields"), READINGS, ids=[f"{s}-{k}" for s, k, _ in READINGS])
def test_a_producer_gives_what_a_service_reads(service: str, kind: str, fields: tuple[str, ...]) -> None:
    problems = missing_fields(service, kind, fields, BY_TYPE.get(kind))
    assert not problems, "\n".join(problems)


def test_a_missing_field_is_named_with_service_and_event() -> None:
    (problem,) = missing_fields("billing", "PlanSelected.v1", ("user_id", "discount"), BY_TYPE["PlanSelected.v1"])
    assert problem.startswith("billing reads PlanSelected.v1 field discount")


@pytest.mark.parametrize("service", SERVICES)
def test_the_bus_carries_what_a_service_takes(service: str) -> None:
    streams = {stream.name: stream.subjects or [] for stream in topology.streams()}
    for event in consumed(service):
        for producer in set(event.producers) - {service}:
            assert topology.stream_of(producer) in streams, (
                f"{service} takes {event.type_name()}: no stream of {producer}"
            )
            for subject in topology.subjects_of(event, producer):
                assert any(_covers(pattern, subject) for pattern in streams[topology.stream_of(producer)]), subject


@pytest.mark.parametrize("service", SERVICES)
def test_durable_consumers_cover_what_a_service_takes(service: str) -> None:
    work = [f for durable in topology.work_durables(service, subscribed(service)) for f in durable.filters]
    for event in subscribed(service):
        for producer in set(event.producers) - {service}:
            assert set(topology.subjects_of(event, producer)) <= set(work)
    models = {producer for event in projected(service) if not event.private for producer in event.producers}
    ordered = [d for d in topology.durables(service, projections(service), ()) if d.ordered]
    assert {d.stream for d in ordered} == {topology.stream_of(producer) for producer in models - {service}}


@pytest.mark.parametrize("service", SERVICES)
def test_rule_4_15_the_bus_lets_a_service_send_what_the_catalogue_says_and_nothing_more(service: str) -> None:
    allowed = {subject for subject in service_permissions(service)["publish"]["allow"] if subject.startswith("yt.")}
    ours = {s for event in public_events() if service in event.producers for s in topology.subjects_of(event, service)}
    assert allowed == ours
    elsewhere = [(e, other) for e in public_events() for other in e.producers if other != service]
    others = {subject for event, other in elsewhere for subject in topology.subjects_of(event, other)}
    trespass = [(p, s) for p in service_permissions(service)["publish"]["allow"] for s in others if _covers(p, s)]
    assert not trespass, f"{service} could send in another's name: {trespass[:3]}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_makes_only_events_it_may_append(service: str) -> None:
    strangers = [
        f"{use.place}: {service} makes {use.event}, which only {', '.join(BY_NAME[use.event].producers)} may append"
        for use in made(service)
        if service not in BY_NAME[use.event].producers
    ]
    assert not strangers, "\n".join(strangers)


@pytest.mark.parametrize("service", SERVICES)
def test_rule_4_11_an_envelope_is_made_by_the_library_alone(service: str) -> None:
    assert not envelopes_made(service), "hand over the event: the library sets ids, correlation, causation and trace"


def test_the_list_of_events_to_come_is_true() -> None:
    by_library = {"EventDeadLettered", "LogHeadSealed"}
    appended = {use.event for service in SERVICES for use in made(service)} | by_library
    assert planned(FOLDER) == {event.type_name() for name, event in BY_NAME.items() if name not in appended}


def _covers(pattern: str, subject: str) -> bool:
    """Whether a NATS pattern takes in every subject that another pattern stands for."""
    wanted, tokens = pattern.split("."), subject.split(".")
    for index, token in enumerate(wanted):
        if token == ">":
            return len(tokens) > index
        if index >= len(tokens) or token not in ("*", tokens[index]):
            return False
    return len(wanted) == len(tokens)
