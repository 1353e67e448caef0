"""An optional second factor: codes of an authenticator app, each good once, and recovery codes for who lost it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ytempire.eventstore.vault import ERASED, Vault
from ytempire.gateway.adapters import codes
from ytempire.gateway.adapters.tokens import keyed
from ytempire.gateway.features.attempts import too_many_attempts
from ytempire.gateway.features.prove_password import ProvePassword
from ytempire.gateway.limits import Attempts
from ytempire.gateway.ports import SecondFactor, SecondFactors
from ytempire.gateway.problems import Problem

_FIELD = "second factor"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is set up with. Shown once."""

    secret: str
    otpauth_uri: str


class SecondFactorCodes:
    """Switch it on and off, and check its codes. Times are the wall's: the app counts by its own clock."""

    def __init__(
        self,
        factors: SecondFactors,
        prove_password: ProvePassword,
        vault: Vault,
        digest_key: bytes,
        attempts: Attempts,
    ) -> None:
        self._factors, self._prove_password = factors, prove_password
        self._vault, self._digest_key, self._attempts = vault, digest_key, attempts

    async def state(self, user_id: str) -> SecondFactor | None:
        """The factor that log-ins need, if one is switched on."""
        factor = await self._factors.find(user_id)
        return factor if factor is not None and factor.confirmed else None

    async def enrol(self, user_id: str, password: str, label: str) -> Enrolment:
        """A fresh secret, in force when its first code is confirmed. Enrolling again replaces one that is not.

        :raises Problem: 422 for a wrong password, 409 if a factor is switched on, 429 after too many failures.
        """
        await self._prove_password(user_id, password, "/password")
        secret = codes.new_secret()
        kept = await self._vault.encrypt(user_id, _FIELD, secret)
        if not await self._factors.propose(user_id, kept, datetime.now(UTC)):
            raise Problem(409, "second_factor_on", "A second factor is switched on already. Switch it off first.")
        return Enrolment(secret, codes.address_of(secret, label))

    async def confirm(self, user_id: str, code: str) -> Sequence[str]:
        """Switch it on by a first code of the app; the recovery codes, shown once.

        :raises Problem: 409 if there is nothing to confirm, 422 for a wrong code, 429 after too many.
        """
        factor = await self._factors.find(user_id)
        if factor is None or factor.confirmed:
            raise Problem(409, "nothing_to_confirm", "No second factor waits for its first code. Begin anew.")
        key = self._begin(user_id)
        step = await self._step(user_id, factor.secret, codes.plain(code))
        fresh = codes.recovery_codes()
        digests = [self._digest(user_id, one) for one in fresh]
        if step is None:
            raise wrong_code(422)
        if not await self._factors.confirm(user_id, factor.secret, step, digests, datetime.now(UTC)):
            raise Problem(409, "nothing_to_confirm", "No second factor waits for its first code. Begin anew.")
        self._attempts.forget(key)
        return fresh

    async def renew_codes(self, user_id: str, password: str, code: str) -> Sequence[str]:
        """Ten new recovery codes; the old ones end.

        :raises Problem: 422 for a wrong password or code, 409 if it is not switched on, 429 after too many failures.
        """
        await self._check_both(user_id, password, code)
        fresh = codes.recovery_codes()
        await self._factors.replace_codes(user_id, [self._digest(user_id, one) for one in fresh])
        return fresh

    async def switch_off(self, user_id: str, password: str, code: str) -> None:
        """
        :raises Problem: 422 for a wrong password or code, 409 if it is not switched on, 429 after too many failures.
        """
        await self._check_both(user_id, password, code)
        await self._factors.remove(user_id)

    async def check(self, user_id: str, code: str, where: str, status: int) -> None:
        """Spend a code of the app or a recovery code.

        :param where: whose failures are counted together: a known device has its own, so that whoever stole the
            password cannot use up the owner's.
        :raises Problem: ``status`` for a code that is wrong or was used, 429 after too many.
        """
        key = self._begin(f"{user_id} {where}")
        factor = await self.state(user_id)
        if factor is None or not await self._spend(user_id, factor, codes.plain(code)):
            raise wrong_code(status)
        self._attempts.forget(key)

    async def _check_both(self, user_id: str, password: str, code: str) -> None:
        if await self.state(user_id) is None:
            raise Problem(409, "second_factor_off", "No second factor is switched on. Switch one on first.")
        await self._prove_password(user_id, password, "/password")
        await self.check(user_id, code, "settings", 422)

    def _begin(self, key: str) -> str:
        """Count an attempt before it is made, so that many at once do not pass together."""
        wait_s = self._attempts.wait_s(key)
        if wait_s > 0:
            raise too_many_attempts(wait_s)
        self._attempts.take(key)
        return key

    async def _spend(self, user_id: str, factor: SecondFactor, code: str) -> bool:
        if not codes.is_app_code(code):
            return await self._factors.spend_code(user_id, self._digest(user_id, code), datetime.now(UTC))
        step = await self._step(user_id, factor.secret, code)
        return step is not None and await self._factors.spend_step(user_id, step)

    async def _step(self, user_id: str, kept: str, code: str) -> int | None:
        secret = await self._vault.decrypt(user_id, _FIELD, kept)
        return codes.step_of(secret, code) if secret != ERASED else None

    def _digest(self, user_id: str, code: str) -> str:
        return keyed(self._digest_key, "recovery code", user_id, codes.plain(code))


def wrong_code(status: int) -> Problem:
    return Problem(
        status,
        "wrong_code",
        "The code is wrong or was used before. Wait for the app's next code, or use a recovery code.",
        field="/code",
    )
