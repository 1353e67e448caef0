"""Every event model of this process by name and major version, and the upcasters that lead old versions to the newest.

A log keeps what was true when it was written; code knows the newest shape alone. Between the two stand *upcasters*:
pure functions from one version's model to a later one's, applied on every read until the newest is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ytempire.events.base import Event

Old = TypeVar("Old", bound="Event")
New = TypeVar("New", bound="Event")

_MODELS: dict[tuple[str, str], type[Event]] = {}
"""By (owner, type name); the owner is empty for public events, whose names are everybody's."""

_UPCASTERS: dict[type[Event], tuple[type[Event], Callable[[Any], Event]]] = {}
"""Superseded model -> the model that follows it, and how to get there."""


def register(model: type[Event]) -> None:
    """Make a model known by its type name; called for each class that states its owner.

    :raises TypeError: if the name is taken.
    """
    name = model.type_name()
    # private names are their service's own affair: two services may use the same one
    key = (model.owner if model.private else "", name)
    if model.private and ("", name) in _MODELS:
        raise TypeError(f"{name} is a public event: give the private event of {model.owner} another name")
    registered = _MODELS.setdefault(key, model)
    if registered is not model and registered.__module__ != model.__module__:
        raise TypeError(f"{name} is defined twice: {registered.__module__} and {model.__module__}")
    lookup.cache_clear()


def upcaster(old: type[Old], new: type[New]) -> Callable[[Callable[[Old], New]], Callable[[Old], New]]:
    """Declare how an event of an old version reads today: ``@upcaster(PriceSetV1, PriceSet)``, beside the two models.

    The function is pure: it looks at the old event alone, so that every reader, rebuild and audit gets the same.

    :raises TypeError: if the two are not an earlier and a later version of one event, or the old one has an upcaster.
    """
    if (old.event_name, old.owner, old.private) != (new.event_name, new.owner, new.private):
        raise TypeError(f"{old.type_name()} cannot become {new.type_name()}: an upcaster leads to a version of itself")
    if old.major >= new.major:
        raise TypeError(f"{old.type_name()} cannot become {new.type_name()}: an upcaster leads to a later version")
    if old in _UPCASTERS:
        raise TypeError(f"{old.type_name()} has an upcaster already, to {_UPCASTERS[old][0].type_name()}")

    def keep(function: Callable[[Old], New]) -> Callable[[Old], New]:
        _UPCASTERS[old] = (new, function)
        return function

    return keep


@cache
def lookup(type_name: str, service: str) -> type[Event] | None:
    """The model behind ``Name.v1`` in a service's store, or None if this process does not know it."""
    # a private event of the platform is one that every log may hold
    owners = ("", service, "platform")
    return next((model for owner in owners if (model := _MODELS.get((owner, type_name)))), None)


def read(type_name: str, service: str, data: Mapping[str, Any] | str) -> Event:
    """The event as it reads today, from what any release may have written into a service's store: fields or JSON.

    :raises LookupError: if this process does not know the type: it is older than the producer.
    :raises pydantic.ValidationError: if a needed field is missing or of another kind.
    """
    model = lookup(type_name, service)
    if model is None:
        raise LookupError(f"unknown event type {type_name}: this service is older than its producer")
    event = model.read(data)
    while step := _UPCASTERS.get(type(event)):
        event = step[1](event)
    return event


def newest(model: type[Event]) -> type[Event]:
    """What events of this model are read as."""
    while step := _UPCASTERS.get(model):
        model = step[0]
    return model


def versions(model: type[Event]) -> tuple[type[Event], ...]:
    """Every version that is read as this model, oldest first; the model itself is the last."""
    older = [old for old in _UPCASTERS if newest(old) is model]
    return (*sorted(older, key=lambda event: event.major), model)


def type_names(model: type[Event]) -> tuple[str, ...]:
    """The names under which events that are read as this model lie in logs and streams, oldest first."""
    return tuple(version.type_name() for version in versions(model))


def public_events(*, superseded: bool = False) -> list[type[Event]]:
    """Every public event known to this process, by name: the newest version of each, or all that were ever released."""
    return _known(private=False, superseded=superseded)


def private_events(*, superseded: bool = False) -> list[type[Event]]:
    """Every private event known to this process, by name: the newest version of each, or all there ever were."""
    return _known(private=True, superseded=superseded)


def _known(*, private: bool, superseded: bool) -> list[type[Event]]:
    models = (m for m in _MODELS.values() if m.private is private and (superseded or m not in _UPCASTERS))
    return sorted(models, key=lambda model: model.type_name())
