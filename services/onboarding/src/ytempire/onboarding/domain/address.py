"""One e-mail address, one account: stream ``email-<digest>``.

Signing up with an address gives nobody a right to it: it belongs to the account whose link, sent to that address, is
followed first. So nobody can keep somebody else's address, or have it confirmed for themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ytempire.events import Event
from ytempire.eventstore import Decider
from ytempire.onboarding.domain.events import AddressConfirmed, AddressReleased, AddressReserved

MOST_LINKS = 5
"""How many links of sign-ups may be open at an address: strangers cannot fill a mailbox. Its owner can use any of
them."""
GRACE = timedelta(days=14)
"""How long an address that was given up stays its last account's, should its owner not have been the one who moved."""


class AddressTakenError(Exception):
    """Another account has the address."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"the address belongs to account {holder}")
        self.holder = holder


class TooManyLinksError(Exception):
    """As many links as may be are under way to the address already."""


@dataclass(frozen=True, slots=True)
class Address:
    holder: str | None = None
    """The account that proved it."""
    free_at: datetime | None = None
    """From when on it is free again, if its holder gave it up."""
    applicant: str | None = None
    """The newest sign-up with it."""
    links_until: tuple[datetime, ...] = ()
    """When each link of a sign-up expires."""

    def holder_at(self, at: datetime) -> str | None:
        """Whose it is at a time."""
        return None if self.free_at is not None and self.free_at <= at else self.holder


@dataclass(frozen=True, slots=True)
class Reserve:
    """Send a link for a sign-up."""

    user_id: str
    email_digest: str
    at: datetime
    lapses_at: datetime


@dataclass(frozen=True, slots=True)
class Confirm:
    """A link that was sent to the address was followed."""

    user_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """The account has another address from now on."""

    user_id: str
    at: datetime


def decide(state: Address, command: Reserve | Confirm | Release) -> Sequence[Event]:
    """
    :raises AddressTakenError: if another account has the address.
    :raises TooManyLinksError: if there are as many links to it as may be.
    """
    holder = state.holder_at(command.at)
    match command:
        case Reserve():
            if holder is not None:
                raise AddressTakenError(holder)
            if sum(until > command.at for until in state.links_until) >= MOST_LINKS:
                raise TooManyLinksError(f"{MOST_LINKS} links to the address are open")
            lapses_at, digest = command.lapses_at, command.email_digest
            return [AddressReserved(user_id=command.user_id, email_digest=digest, lapses_at=lapses_at)]
        case Confirm():
            if holder is not None and holder != command.user_id:
                raise AddressTakenError(holder)
            held = holder is not None and state.free_at is None
            return [] if held else [AddressConfirmed(user_id=command.user_id)]
        case Release():
            if holder != command.user_id:
                return []
            return [AddressReleased(user_id=command.user_id, free_at=command.at + GRACE)]


def evolve(state: Address, event: Event) -> Address:
    match event:
        case AddressReserved():
            return replace(state, applicant=event.user_id, links_until=(*state.links_until, event.lapses_at))
        case AddressConfirmed():
            return Address(holder=event.user_id)
        case AddressReleased():
            return replace(state, free_at=event.free_at)
        case _:
            return state


ADDRESS = Decider(Address, decide, evolve)
