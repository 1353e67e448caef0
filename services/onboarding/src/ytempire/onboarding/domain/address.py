"""One e-mail address, one account: stream ``email-<digest>``.

An address that was reserved and never confirmed is free again when its link has expired, so that nobody can keep
somebody else's address by signing up with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ytempire.events import Event
from ytempire.eventstore import Decider
from ytempire.onboarding.domain.events import AddressConfirmed, AddressReserved


class AddressTakenError(Exception):
    """Another account holds the address."""

    def __init__(self, holder: str, *, confirmed: bool) -> None:
        super().__init__(f"the address belongs to account {holder}")
        self.holder, self.confirmed = holder, confirmed


@dataclass(frozen=True, slots=True)
class Address:
    holder: str | None = None
    confirmed: bool = False
    lapses_at: datetime | None = None

    def free_at(self, at: datetime) -> bool:
        lapsed = not self.confirmed and self.lapses_at is not None and self.lapses_at <= at
        return self.holder is None or lapsed


@dataclass(frozen=True, slots=True)
class Reserve:
    user_id: str
    email_digest: str
    at: datetime
    lapses_at: datetime


@dataclass(frozen=True, slots=True)
class Confirm:
    user_id: str


def decide(state: Address, command: Reserve | Confirm) -> Sequence[Event]:
    """
    :raises AddressTakenError: if another account holds the address.
    """
    if isinstance(command, Reserve):
        if not state.free_at(command.at):
            raise AddressTakenError(state.holder or "", confirmed=state.confirmed)
        return [
            AddressReserved(user_id=command.user_id, email_digest=command.email_digest, lapses_at=command.lapses_at)
        ]
    if state.holder != command.user_id:
        raise AddressTakenError(state.holder or "", confirmed=state.confirmed)
    return [] if state.confirmed else [AddressConfirmed(user_id=command.user_id)]


def evolve(state: Address, event: Event) -> Address:
    match event:
        case AddressReserved():
            return Address(event.user_id, confirmed=False, lapses_at=event.lapses_at)
        case AddressConfirmed():
            return replace(state, confirmed=True)
        case _:
            return state


ADDRESS = Decider(Address, decide, evolve)
