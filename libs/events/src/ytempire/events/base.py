"""The base of every event and the registry that knows them all by name.

A *public* event is part of the platform's language: it is defined in ``ytempire.events``, leaves its service through
the outbox and is kept stable. A *private* event is defined in a service's own ``domain`` and never leaves its store.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

SERVICES = ("gateway", "onboarding", "billing", "media", "publisher", "analytics", "support")
"""Every service that owns a store, in order of start."""


class Value(BaseModel):
    """An immutable value inside an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(BaseModel):
    """Something that happened. Subclasses state who owns them as class arguments:

    ``class PlanSelected(Event, owner="onboarding")``

    :param owner: the service whose language the event belongs to.
    :param producers: who may append it; the owner alone unless said otherwise.
    :param major: version of its meaning; a change that breaks a reader is a new major.
    :param success: for an intent, the name of the event that says it was done.
    :param rejected: for an intent, the name of the event that says it was refused.
    :param private: it stays in its service's store.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: ClassVar[str] = ""
    producers: ClassVar[tuple[str, ...]] = ()
    major: ClassVar[int] = 1
    private: ClassVar[bool] = False
    success: ClassVar[str | None] = None
    rejected: ClassVar[str | None] = None

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        owner: str = "",
        producers: tuple[str, ...] = (),
        major: int = 1,
        success: str | None = None,
        rejected: str | None = None,
        private: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not owner:
            return
        cls.owner, cls.producers, cls.major = owner, producers or (owner,), major
        cls.success, cls.rejected, cls.private = success, rejected, private
        # private names are their service's own affair: two services may use the same one
        key = (owner if private else "", cls.type_name())
        if private and ("", cls.type_name()) in _REGISTRY:
            raise TypeError(f"{cls.type_name()} is a public event: give the private event of {owner} another name")
        registered = _REGISTRY.setdefault(key, cls)
        if registered is not cls and registered.__module__ != cls.__module__:
            raise TypeError(f"{cls.type_name()} is defined twice: {registered.__module__} and {cls.__module__}")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # pydantic hands class arguments to __pydantic_init_subclass__; object.__init_subclass__ must not see them
        super().__init_subclass__()

    @classmethod
    def type_name(cls) -> str:
        """Stable name with its major version: ``PlanSelected.v1``."""
        return f"{cls.__name__}.v{cls.major}"

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """Parse what another release may have written: unknown fields are ignored.

        :raises pydantic.ValidationError: if a needed field is missing or of another kind.
        """
        return cls.model_validate(data, extra="ignore")


class Rejected(Event):
    """What every refusal says: a stable code, the field at fault (a JSON pointer or a name) and a sentence."""

    code: str
    field: str
    message: str


_REGISTRY: dict[tuple[str, str], type[Event]] = {}
"""By (owner, type name); the owner is empty for public events, whose names are everybody's."""


def lookup(type_name: str, service: str) -> type[Event] | None:
    """The class behind ``Name.v1`` in a service's store, or None if this process does not know it."""
    # a private event of the platform is one that every log may hold
    owners = ("", service, "platform")
    return next((event for owner in owners if (event := _REGISTRY.get((owner, type_name)))), None)


def public_events() -> list[type[Event]]:
    """Every public event known to this process, by name."""
    return sorted((e for e in _REGISTRY.values() if not e.private), key=lambda e: e.type_name())


def private_events() -> list[type[Event]]:
    """Every private event known to this process, by name."""
    return sorted((e for e in _REGISTRY.values() if e.private), key=lambda e: e.type_name())
