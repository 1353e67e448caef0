"""A hundred requests at the same instant where the plan ends: ``measure()``.

One customer of the smallest plan, through the gateway's doors of a running platform: a hundred videos at once, then one
more from each of many time zones, and more channels at once than the plan has.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from ytempire.cli import detached
from ytempire.cli.journey.browser import Browser, Refused
from ytempire.cli.journey.steps import Journey
from ytempire.cli.plan import PlatformPlan, UpOptions
from ytempire.cli.running import plan_of
from ytempire.cli.testing import temporary_var

VIDEOS, CHANNELS = 100, 20
VIDEOS_A_DAY, DEMOS, CHANNELS_OF_THE_PLAN = 15, 1, 5
ZONES = ("Pacific/Kiritimati", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Etc/GMT+12")


def _quiet(now: str, share: float) -> None:
    """Nobody watches."""


def measure(videos: int = VIDEOS, channels: int = CHANNELS) -> dict[str, Any]:
    """How many were accepted of what was asked for, and how many the plan has."""
    with temporary_var() as var:
        plan = plan_of(detached.start(UpOptions(var=var, port=0, clock="virtual", log_level="warning")))
        journey = Journey(Browser(plan), plan)
        try:
            for step in (journey.sign_up, journey.subscribe, journey.choose_niches, journey.connect_channels):
                step(_quiet)
            journey.save_preferences(_quiet)
            connected = len(journey.channels) + _at_once(plan, journey, channels, _connect)["accepted"]
            counts = _at_once(plan, journey, videos, _generate)
            moved = [_from(journey, zone) for zone in ZONES]
        finally:
            journey.browser.close()
            detached.stop(var)
    answers = counts + Counter(moved)
    return {
        "accepted": connected + answers["accepted"],
        "asked": channels + len(journey.channels) + sum(answers.values()),
        "limit": VIDEOS_A_DAY + DEMOS + CHANNELS_OF_THE_PLAN,
        "answers": dict(answers),
    }


def _at_once(plan: PlatformPlan, journey: Journey, count: int, ask: Any) -> Counter[str]:
    """What was answered to as many requests at once, each from a browser of its own."""

    def one(number: int) -> str:
        browser = Browser(plan)
        browser.http.headers["Authorization"] = journey.browser.http.headers["Authorization"]
        try:
            return str(ask(browser, journey, number))
        finally:
            browser.close()

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(one, range(count)))


def _generate(browser: Browser, journey: Journey, _: int) -> str:
    channel = next(c for c in journey.channels if c["monetised"])
    while True:
        try:
            browser.post("/videos/generate", {"channel_id": channel["channel_id"], "length_s": 60})
            return "accepted"
        except Refused as refused:
            if refused.problem.get("status") != httpx.codes.TOO_MANY_REQUESTS:
                return refused.code
            time.sleep(1)


def _connect(browser: Browser, journey: Journey, number: int) -> str:
    while True:
        try:
            begun = browser.post("/channels/connect", {"niche_id": journey.niches[0]["niche_id"]})
            browser.follow_google(begun["consent_url"], f"{number}-{journey.customer.email}", "fresh")
            return "accepted"
        except Refused as refused:
            if refused.problem.get("status") != httpx.codes.TOO_MANY_REQUESTS:
                return refused.code
            time.sleep(1)


def _from(journey: Journey, zone: str) -> str:
    """Move, and ask for one more."""
    saved = journey.browser.get("/preferences")["preferences"]
    journey.browser.post("/onboarding/preferences", {**saved, "timezone": zone})
    return _generate(journey.browser, journey, 0)


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<10} {value}")
