"""The fault plan: what shall go wrong, where, and how often."""

import re
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from ytempire.sandbox.store import Store

KIND = "sandbox.fault"

Action = Literal[
    "status", "delay", "drop", "drop_answer", "truncate", "duplicate",
    "reorder", "bad_signature", "stale_timestamp", "provider",
]  # fmt: skip


class Fault(BaseModel):
    """One rule. The first ``skip`` matches pass unharmed, the next ``count`` are hit, then it is spent.

    Actions of the HTTP layer: ``status`` (answer with ``status``, no effect), ``delay`` (wait ``delay_s`` first),
    ``drop`` (close the connection, no effect), ``drop_answer`` (effect takes place, answer is lost), ``truncate``
    (half of the answer, then close), ``duplicate`` (the request takes effect twice).
    Webhooks (provider ``stripe.webhook``) know ``drop``, ``delay``, ``duplicate``, ``reorder``, ``bad_signature``
    and ``stale_timestamp``; their path is the event type. ``provider`` is a switch of the provider itself,
    named by ``name`` (``locked_private``, ``revoke`` ...).
    """

    id: str = ""
    provider: str = Field(min_length=1, description="prefix name such as stripe, openai, youtube; * for all")
    method: str = "*"
    path: str = Field(default=".*", description="regular expression searched in the path below the provider's prefix")
    action: Action
    name: str = ""
    status: int = Field(default=500, ge=200, le=599)
    body: dict[str, Any] | None = None
    headers: dict[str, str] = {}
    delay_s: float = Field(default=0.0, ge=0, le=3600)
    skip: int = Field(default=0, ge=0)
    count: int = Field(default=1, ge=1)
    hits: int = 0

    @field_validator("path")
    @classmethod
    def _is_regex(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"path is no regular expression: {error}") from error
        return value

    @property
    def spent(self) -> bool:
        """Whether it will hit no more."""
        return self.hits >= self.skip + self.count

    def matches(self, provider: str, method: str, path: str) -> bool:
        """Whether the rule is about this request."""
        return (
            self.provider in ("*", provider)
            and self.method.upper() in ("*", method.upper())
            and re.search(self.path, path) is not None
        )


class FaultPlan:
    """The rules in force, kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules = {rule.id: rule for rule in map(Fault.model_validate, store.list(KIND))}

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force and return it with its id."""
        kept = fault.model_copy(update={"id": self._store.next_id("fault_"), "hits": 0})
        self._keep(kept)
        return kept

    def rules(self) -> list[Fault]:
        """All rules, spent ones too."""
        return list(self._rules.values())

    def take(
        self, provider: str, method: str = "*", path: str = "", *, actions: set[str] | None = None, name: str = ""
    ) -> list[Fault]:
        """Rules that hit this request now; each is counted. Restrict with ``actions``, and ``name`` for switches."""
        hit = []
        for rule in list(self._rules.values()):
            wanted = (actions is None or rule.action in actions) and (not name or rule.name == name)
            if not wanted or rule.spent or not rule.matches(provider, method, path):
                continue
            counted = rule.model_copy(update={"hits": rule.hits + 1})
            self._keep(counted)
            if counted.hits > counted.skip:
                hit.append(counted)
        return hit

    def switched(self, provider: str, name: str, method: str = "*", path: str = "") -> Fault | None:
        """The provider's own switch ``name``, counted, or None: ``switched("youtube", "locked_private")``."""
        hit = self.take(provider, method, path, actions={"provider"}, name=name)
        return hit[0] if hit else None

    def remove(self, id: str) -> bool:
        """Take one rule away; False if there is none of that id."""
        self._rules.pop(id, None)
        return self._store.delete(KIND, id)

    def clear(self) -> None:
        """Take all rules away."""
        for id in list(self._rules):
            self.remove(id)

    def _keep(self, fault: Fault) -> None:
        self._rules[fault.id] = fault
        self._store.put(KIND, fault.id, fault.model_dump(mode="json"))
