"""The base of every event.

A *public* event is part of the platform's language: it is defined in ``ytempire.events``, leaves its service through
the outbox and is kept stable. A *private* event is defined in a service's own ``domain`` and never leaves its store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from ytempire.events.registry import register

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
    :param name: the event's name where the class cannot bear it: a superseded version, ``class PlanSelectedV1(Event,
        owner="onboarding", name="PlanSelected", major=1)``, stays beside the newest and has an ``upcaster`` to it.
    :param success: for an intent, the name of the event that says it was done.
    :param rejected: for an intent, the name of the event that says it was refused.
    :param private: it stays in its service's store.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: ClassVar[str] = ""
    producers: ClassVar[tuple[str, ...]] = ()
    major: ClassVar[int] = 1
    event_name: ClassVar[str] = ""
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
        name: str = "",
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
        cls.event_name = name or cls.__name__
        register(cls)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # pydantic hands class arguments to __pydantic_init_subclass__; object.__init_subclass__ must not see them
        super().__init_subclass__()

    @classmethod
    def type_name(cls) -> str:
        """Stable name with its major version: ``PlanSelected.v1``."""
        return f"{cls.event_name or cls.__name__}.v{cls.major}"

    @classmethod
    def read(cls, data: Mapping[str, Any] | str) -> Self:
        """Parse what another release may have written, as fields or as JSON: unknown fields are ignored.

        :raises pydantic.ValidationError: if a needed field is missing or of another kind.
        """
        if isinstance(data, str):
            return cls.model_validate_json(data, extra="ignore")
        return cls.model_validate(data, extra="ignore")


class Rejected(Event):
    """What every refusal says: a stable code, the field at fault (a JSON pointer or a name) and a sentence."""

    code: str
    field: str
    message: str
