"""`python -m ytempire.cli.topology`: make the streams that are missing, as NATS's administrator.

A process of its own that ends: the libraries it needs would stay in the supervisor's memory for as long as it runs. It
is started early and waits for the server, so that loading those libraries costs the platform's start nothing.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from ytempire.cli.embedded.nats import ADMIN, NatsServer, greeting_reason, password_file
from ytempire.cli.environment import process_basics
from ytempire.cli.ports import LOOPBACK
from ytempire.cli.problems import PlatformProblem

_SECONDS = 60.0


class TopologyJob:
    """The running process: `finish` waits for it, `abandon` ends it."""

    def __init__(self, nats: NatsServer) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-m", "ytempire.cli.topology"),
            env={
                **process_basics(os.environ),
                "YTEMPIRE_NATS_PORT": str(nats.port),
                "YTEMPIRE_NATS_PASSWORD_FILE": str(password_file(nats.secrets_dir, ADMIN)),
            },
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def finish(self) -> list[str]:
        """Wait until all streams are as they should be; returns what was done, a line each.

        Raises `PlatformProblem` with the last thing the process said when it fails.
        """
        try:
            output, errors = self._process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            self.abandon()
            raise PlatformProblem(f"The streams of NATS could not be made within {_SECONDS:.0f} s.") from None
        if self._process.returncode != 0:
            reason = (errors.strip() or "no reason given").splitlines()[-1]
            raise PlatformProblem(f"The streams of NATS could not be made: {reason}")
        return output.splitlines()

    def abandon(self) -> None:
        """End the process if it still runs."""
        self._process.kill()
        self._process.wait()


async def _apply(port: int, password: Path) -> list[str]:
    from ytempire.bus import NatsAccess, connect, topology

    deadline = time.monotonic() + _SECONDS
    while (reason := await asyncio.to_thread(greeting_reason, port)) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(reason)
        await asyncio.sleep(0.05)
    client = await connect(NatsAccess(f"nats://{LOOPBACK}:{port}", ADMIN, password), "topology")
    try:
        return await topology.apply(client.jetstream())
    finally:
        await client.close()


def main() -> None:
    """Read port and password file from the environment, apply, print what was done."""
    port, password = int(os.environ["YTEMPIRE_NATS_PORT"]), Path(os.environ["YTEMPIRE_NATS_PASSWORD_FILE"])
    for line in asyncio.run(_apply(port, password)):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
