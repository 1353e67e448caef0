"""A crowd: each user signs up, subscribes, chooses niches, connects a channel, asks for a video and looks around."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ytempire.cli.journey.browser import Browser
from ytempire.cli.journey.steps import Journey
from ytempire.cli.plan import PlatformPlan


@dataclass(frozen=True)
class Crowd:
    users: int
    failures: dict[str, int]

    @property
    def success_rate(self) -> float:
        return 1 - sum(self.failures.values()) / self.users


def run_crowd(plan: PlatformPlan, users: int) -> Crowd:
    """Let `users` people do their thing at the same time."""
    with ThreadPoolExecutor(users) as pool:
        outcomes = list(pool.map(lambda _: _one(plan), range(users)))
    return Crowd(users, dict(Counter(o for o in outcomes if o is not None)))


def _one(plan: PlatformPlan) -> str | None:
    """What went wrong, or None."""
    browser = Browser(plan)
    try:
        _act(Journey(browser, plan))
    except Exception as error:
        # a crowd's failures are counted, whatever they are
        return f"{type(error).__name__}: {error}"[:200]
    finally:
        browser.close()
    return None


def _act(user: Journey) -> None:
    def quiet(what: str, share: float) -> None:
        """Nobody watches."""

    user.sign_up(quiet)
    user.subscribe(quiet)
    user.choose_niches(quiet)
    begun = user.browser.post("/channels/connect", {"niche_id": user.niches[0]["niche_id"]})
    channel = user.browser.follow_google(begun["consent_url"], user.customer.email, "fresh")
    user.save_preferences(quiet)
    for _ in range(3):
        user.browser.get("/dashboard")
        user.browser.get("/channels")
        user.browser.get("/onboarding")
    user.browser.post("/tickets", {"subject": "Invoice", "message": "Where do I find the invoice of last month?"})
    assert user.browser.get(f"/channels/{channel['channel_id']}")["status"] == "connected"
