"""Kills processes of a platform: at random times, and inside chosen moments of the journey."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ytempire.cli.journey.browser import Browser
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.state import read_state

SERVICES = ("gateway", "onboarding", "billing", "media", "publisher", "analytics", "support")
MOMENTS = ("upload", "render", "payment", "append")
_POLL_S = 0.02


@dataclass
class Killer:
    """Runs beside a journey. `moment` is the one it must hit; random kills come on top."""

    var: Path
    plan: PlatformPlan
    random: random.Random
    moment: str
    random_kills: int
    killed: list[str] = field(default_factory=list)
    hit: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, browser: Browser) -> None:
        """Begin to watch and to kill."""
        watch: dict[str, Callable[[Browser], None]] = {
            "upload": self._inside_upload,
            "render": self._inside_render,
            "payment": self._inside_payment,
            "append": self._inside_append,
        }
        for work in (lambda: watch[self.moment](browser), self._at_random):
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def kill(self, service: str) -> None:
        """`kill -9` of a service; the supervisor starts it again."""
        state = read_state(self.var)
        pid = state["processes"][service]["pid"] if state else None
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed.append(service)

    def _at_random(self) -> None:
        for _ in range(self.random_kills):
            if self._stop.wait(self.random.uniform(3, 20)):
                return
            self.kill(self.random.choice(SERVICES))

    def _strike(self, service: str) -> None:
        self.kill(service)
        self.hit = True

    def _inside_upload(self, browser: Browser) -> None:
        """The publisher, once the first part of the file has arrived."""
        self._slow_down(browser, "youtube", r"/upload/.*", 0.3)
        self._when(lambda: any(True for e in self._journal(browser, "youtube") if "/upload/" in e["path"]), "publisher")

    def _inside_payment(self, browser: Browser) -> None:
        """Billing, while Stripe makes the subscription."""
        self._slow_down(browser, "stripe", r"/v1/(customers|subscriptions).*", 0.5)
        self._when(lambda: any(e["path"].endswith("/customers") for e in self._journal(browser, "stripe")), "billing")

    def _inside_render(self, browser: Browser) -> None:
        """Media, while frames are drawn."""
        self._when(lambda: any((self.var / "work").glob("*/render.job.json")), "media", after_s=2.0)

    def _inside_append(self, browser: Browser) -> None:
        """The gateway, while it records what somebody asks for."""
        while not self._stop.wait(0.5):
            if self._signed_up(browser):
                self._strike("gateway")
                return

    def _signed_up(self, browser: Browser) -> bool:
        inbox = browser.outside.get(f"{browser.sandbox}/inbox/messages").json()
        return bool(inbox["messages"] if isinstance(inbox, dict) else inbox)

    def _when(self, seen: Callable[[], bool], service: str, after_s: float = 0.0) -> None:
        while not self._stop.wait(_POLL_S):
            if seen():
                time.sleep(after_s)
                self._strike(service)
                return

    def _slow_down(self, browser: Browser, provider: str, path: str, seconds: float) -> None:
        fault = {"provider": provider, "path": path, "action": "delay", "delay_s": seconds, "count": 60}
        browser.outside.post(f"{browser.sandbox}/control/faults", json=fault).raise_for_status()

    def _journal(self, browser: Browser, provider: str) -> list[dict[str, str]]:
        found = browser.outside.get(f"{browser.sandbox}/control/journal", params={"provider": provider}).json()
        return list(found["entries"] if isinstance(found, dict) else found)
