"""Starts a sandbox as a process of its own, for tests and for whoever needs one for a moment."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

READY = "sandbox.json"
START_S = 30.0
STOP_S = 10.0


class SandboxError(RuntimeError):
    """The sandbox did not start; the message holds its last words."""


@dataclass(frozen=True)
class Addresses:
    """Where a running sandbox is found."""

    base_url: str
    port: int
    smtp_port: int
    ca: str


class SandboxProcess:
    """A sandbox on free ports: ``with SandboxProcess(folder) as addresses: ...``; state stays in the folder."""

    def __init__(self, state_dir: Path, *, gateway_url: str = "", **settings: str) -> None:
        self.state_dir, self._log = state_dir, state_dir / "sandbox.log"
        self._extra = {f"SANDBOX_{name.upper()}": value for name, value in settings.items()}
        self._extra["SANDBOX_GATEWAY_URL"] = gateway_url
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> Addresses:
        """Start and wait until requests are served; raises :class:`SandboxError`."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        ready = self.state_dir / READY
        ready.unlink(missing_ok=True)
        ports = {"SANDBOX_PORT": "0", "SANDBOX_SMTP_PORT": "0", "SANDBOX_STATE_DIR": str(self.state_dir)}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ytempire.sandbox"],
                env={**os.environ, **ports, **self._extra},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        deadline = time.monotonic() + START_S
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SandboxError(f"The sandbox did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.02)
        facts = json.loads(ready.read_text())
        return Addresses(facts["base_url"], facts["port"], facts["smtp_port"], facts["ca"])

    def stop(self) -> None:
        """Stop it and wait for its end."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Addresses:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
