"""Who may try to log in how often: no stranger can close an account to its owner."""

from __future__ import annotations

from dataclasses import dataclass

from ytempire.gateway.limits import Attempts
from ytempire.gateway.problems import Problem


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that counts as failed until it is said to have succeeded."""

    own: tuple[Attempts, str]
    shared: tuple[tuple[Attempts, str], ...] = ()

    def succeeded(self) -> None:
        """The password was right: what failed here before was its owner's. What failed elsewhere stays counted."""
        self.own[0].forget(self.own[1])
        self._shared_back()

    def not_made(self) -> None:
        """Nothing was tried in the end."""
        self.own[0].give_back(self.own[1])
        self._shared_back()

    def _shared_back(self) -> None:
        for attempts, key in self.shared:
            attempts.give_back(key)


@dataclass(frozen=True, slots=True)
class LogInLimits:
    """The budgets of failed attempts to log in. Whether an address is registered makes no difference to any."""

    here: Attempts
    """For one address from one network."""
    network: Attempts
    """For all addresses from one network."""
    everywhere: Attempts
    """For one address from all networks together: slows a guess that is spread over many."""
    device: Attempts
    """For a device that logged in to the account before: the three others neither hold it up nor count it."""

    def begin(self, email_digest: str, network: str, device_digest: str | None) -> Attempt:
        """Take an attempt before it is made, so that many at once do not pass together.

        :param device_digest: of a device that the account knows.
        :raises Problem: 429 with the seconds to wait. Nothing is counted then.
        """
        if device_digest is not None:
            attempt = Attempt((self.device, f"{email_digest} {device_digest}"))
        else:
            shared = ((self.network, network), (self.everywhere, email_digest))
            attempt = Attempt((self.here, f"{email_digest} {network}"), shared)
        held = (attempt.own, *attempt.shared)
        wait_s = max(attempts.wait_s(key) for attempts, key in held)
        if wait_s > 0:
            raise too_many_attempts(wait_s)
        for attempts, key in held:
            attempts.take(key)
        return attempt


def too_many_attempts(wait_s: float) -> Problem:
    seconds = max(1, int(wait_s + 0.999))
    return Problem(
        429,
        "too_many_attempts",
        f"There were too many failed attempts. Try again in {seconds} seconds. Other people's attempts do not hold up a"
        " device that you logged in with before.",
        headers={"Retry-After": str(seconds)},
    )
