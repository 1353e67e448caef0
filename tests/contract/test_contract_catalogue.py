"""Every public event: whose it is, who may append it, what it says, and that it gives nothing away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ytempire.events import SERVICES, Event, Rejected, public_events
from ytempire.events.schemas import schema_of

EVENTS = {event.__name__: event for event in public_events()}
INTENTS = [
    event for event in EVENTS.values() if event.success or event.rejected or event.__name__.endswith("Requested")
]

SMELLS = {
    "address",
    "birthday",
    "card",
    "company",
    "credential",
    "email",
    "iban",
    "ip",
    "mail",
    "name",
    "password",
    "payment",
    "person",
    "phone",
    "secret",
    "street",
    "token",
    "verifier",
}
"""Parts of field names that hint at something personal or secret."""

IN_THE_CLEAR = {
    ("SignUpRequested", "email_digest"): "a keyed digest: equal for equal addresses, and nothing leads back from it",
    ("EmailVerificationRequested", "token_digest"): "a SHA-256 of a random token, worthless to who reads it",
    ("PasswordResetRequested", "token_digest"): "the same",
    ("EmailConfirmationRequested", "token_digest"): "the same",
    ("AccessLinkRequested", "email_digest"): "the keyed digest of a sign-up",
    ("EmailChangeRequested", "email_digest"): "the same",
    ("EmailVerified", "email_digest"): "the same",
    ("EmailChanged", "email_digest"): "the same",
    ("ReminderChoiceRequested", "token_digest"): "a SHA-256 of a random token, worthless to who reads it",
    ("InvitationRequested", "email_digest"): "a keyed digest, as at sign-up",
    ("InvitationAcceptanceRequested", "token_digest"): "a SHA-256 of a random token, worthless to who reads it",
    ("PaymentSetupRequested", "payment_method_id"): "the provider's reference, usable with our secret key alone",
    ("PaymentMethodChangeRequested", "payment_method_id"): "the same",
    ("NicheScore", "name"): "the name of a niche",
}
"""Fields whose names smell and that are fine, with the reason."""


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_event_has_an_owner_its_producers_and_a_meaning(event: type[Event]) -> None:
    name = event.type_name()
    assert event.owner in (*SERVICES, "platform"), f"{name}: nobody called {event.owner} can own it"
    assert event.__module__ == f"ytempire.events.{event.owner}", f"{name} is defined in another owner's module"
    assert set(event.producers) <= set(SERVICES), f"{name}: {event.producers} are not all services"
    assert event.owner in event.producers or event.owner == "platform", f"{name}: its owner may not append it"
    assert event.__doc__ or issubclass(event, Rejected), f"{name} has no docstring that says what happened"
    assert event.major >= 1


def test_the_five_names_the_platform_was_asked_for() -> None:
    owners = {name: EVENTS[name].owner for name in EVENTS}
    asked = {
        "UserCreated": "onboarding",
        "PlanSelected": "onboarding",
        "VideoRequested": "gateway",
        "VideoRendered": "media",
        "RevenueRecorded": "analytics",
    }
    assert {name: owners.get(name) for name in asked} == asked
    assert all(EVENTS[name].type_name() == f"{name}.v1" for name in asked)


def test_what_can_be_asked_for() -> None:
    assert {intent.__name__ for intent in INTENTS} >= {"SignUpRequested", "PreferencesSubmitted", "VideoRequested"}


@pytest.mark.parametrize("intent", INTENTS, ids=lambda event: event.__name__)
def test_an_intent_has_one_success_and_one_rejection(intent: type[Event]) -> None:
    name = intent.__name__
    assert name.endswith(("Requested", "Submitted")), f"{name} is answered like an intent but not named like one"
    success, rejected = EVENTS.get(intent.success or ""), EVENTS.get(intent.rejected or "")
    assert success, f"{name}: its success {intent.success} does not exist"
    assert rejected, f"{name}: its rejection {intent.rejected} does not exist"
    assert rejected.__name__.endswith("Rejected"), f"{name}: {rejected.__name__} should end in Rejected"
    assert issubclass(rejected, Rejected), f"{name}: {rejected.__name__} is no Rejected"
    assert {"code", "field", "message"} <= {f for f, info in rejected.model_fields.items() if info.is_required()}
    assert not issubclass(success, Rejected), f"{name}: {success.__name__} says that it was refused"
    assert success.producers == rejected.producers, f"{name}: one service decides, not two"
    assert len(success.producers) == 1, f"{name}: one service decides, not {success.producers}"


def test_an_outcome_answers_one_intent_alone() -> None:
    for outcome in ("success", "rejected"):
        names = [getattr(intent, outcome) for intent in INTENTS]
        assert sorted(names) == sorted(set(names)), f"one {outcome} event answers two intents: {sorted(names)}"


def test_every_rejection_answers_an_intent() -> None:
    answered = {intent.rejected for intent in INTENTS}
    idle = [name for name in EVENTS if name.endswith("Rejected") and name not in answered]
    assert not idle, f"nobody can be told {idle}: no intent names them"


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_rule_4_13_nothing_personal_or_secret_in_the_clear(event: type[Event]) -> None:
    found = [place for place in _fields(event) if _smells(place[1]) and place not in IN_THE_CLEAR]
    assert not found, f"{event.type_name()} seems to tell {found}: seal it, or say in IN_THE_CLEAR why it is fine"


def test_every_exception_is_still_needed() -> None:
    places = {place for event in EVENTS.values() for place in _fields(event)}
    assert set(IN_THE_CLEAR) <= places, "remove what no event has any more"


def test_the_smell_is_smelled() -> None:
    assert _smells("email")
    assert _smells("full_name")
    assert _smells("refresh_token")
    assert not _smells("channel_id")


def _smells(field: str) -> bool:
    return bool(SMELLS & set(field.split("_")))


def _fields(event: type[Event]) -> Iterator[tuple[str, str]]:
    """(model, field) of an event and of every value inside it."""
    schema = schema_of(event)
    models: dict[str, Any] = {event.__name__: schema, **schema.get("$defs", {})}
    for name, model in models.items():
        for field in model.get("properties", {}):
            yield name, field
