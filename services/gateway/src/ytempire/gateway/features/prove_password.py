"""Ask somebody who is logged in for their password, before what would shut them out of their account."""

from __future__ import annotations

from ytempire.gateway.features.attempts import too_many_attempts
from ytempire.gateway.limits import Attempts
from ytempire.gateway.ports import Credentials, Passwords
from ytempire.gateway.problems import Problem


class ProvePassword:
    """A session that was left open, or stolen, is not enough to take an account over."""

    def __init__(self, credentials: Credentials, passwords: Passwords, attempts: Attempts) -> None:
        self._credentials, self._passwords, self._attempts = credentials, passwords, attempts

    async def __call__(self, user_id: str, password: str, field: str) -> None:
        """
        :raises Problem: 422 if it is wrong, 429 if it was too often, 503 if too many wait.
        """
        if (wait_s := self._attempts.wait_s(user_id)) > 0:
            raise too_many_attempts(wait_s)
        # counted before it is made, so that many at once do not pass together
        self._attempts.take(user_id)
        credential = await self._credentials.by_user(user_id)
        try:
            fits = await self._passwords.verify(password, credential.password_hash if credential else None)
        except Problem:
            self._attempts.give_back(user_id)
            raise
        if not fits:
            raise Problem(422, "wrong_password", "The password is wrong. Give the one you log in with.", field=field)
        self._attempts.forget(user_id)
