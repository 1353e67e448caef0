"""A journey that is left behind after each of its eight steps: ``measure()``.

After each step the platform is stopped and started again, two days of business time pass (none before the mail's link
is followed, which is valid for one), and a client that knows nothing but address and password goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ytempire.cli import detached
from ytempire.cli.journey.browser import Browser
from ytempire.cli.journey.steps import Customer, Journey
from ytempire.cli.plan import UpOptions
from ytempire.cli.running import plan_of, running_state
from ytempire.cli.testing import temporary_var
from ytempire.cli.timekeeper import Timekeeper

STEPS = (
    "account_creation",
    "email_verification",
    "subscription_selection",
    "payment_setup",
    "niche_selection",
    "channel_connection",
    "content_preferences",
    "first_video_generation",
)
PAUSE = timedelta(days=2)
_LINK_STEP = "account_creation"
"""Behind it only the mail leads on: nobody can log in yet."""


def _quiet(now: str, share: float) -> None:
    """Nobody watches."""


def measure(steps: tuple[str, ...] = STEPS) -> dict[str, Any]:
    """Which steps could be gone on from, and what was found where one could not.

    :param steps: the first ones of ``STEPS``; the journey ends behind the last of them.
    """
    began = time.monotonic()
    customer, resumed, problems = Customer(), list[str](), list[str]()
    with temporary_var() as var:
        for number, step in enumerate(steps):
            journey = _client(var, customer)
            try:
                if step not in STEPS[:2]:
                    journey.browser.log_in(customer.email, customer.password)
                _ACTIONS[step](journey)
            finally:
                journey.browser.close()
                detached.stop(var)
            found = _found_again(var, customer, step, STEPS[number + 1] if number + 1 < len(STEPS) else None)
            problems += found
            resumed += [] if found else [step]
        detached.stop(var)
    return {"resumed": resumed, "of": len(steps), "problems": problems, "seconds": time.monotonic() - began}


def _client(var: Path, customer: Customer) -> Journey:
    """A platform that runs, and a client that has only just been installed."""
    if not _runs(var):
        detached.start(UpOptions(var=var, port=0, clock="virtual", log_level="warning"))
    plan = plan_of(running_state(var))
    return Journey(Browser(plan), plan, customer=customer)


def _runs(var: Path) -> bool:
    try:
        running_state(var)
    except Exception:
        # whatever it says, there is nothing to go on with
        return False
    return True


def _found_again(var: Path, customer: Customer, step: str, following: str | None) -> list[str]:
    """Start anew, let time pass and look from another device; what is not as it was left."""
    journey = _client(var, customer)
    try:
        if step == _LINK_STEP:
            return []  # the link in the mail is followed by the next step
        if following is not None:
            # behind the last step a video is being made, which time would wait for
            Timekeeper(journey.plan).advance(PAUSE, lambda at, share: None)
        journey.browser.log_in(customer.email, customer.password)
        state = journey.browser.get("/onboarding")
        wanted = list(STEPS[: STEPS.index(step) + 1])
        if state["completed_steps"] != wanted or state["next_step"] != following:
            return [f"behind {step}: {state['completed_steps']}, next {state['next_step']}"]
        return []
    finally:
        journey.browser.close()


def _ask_for_an_account(journey: Journey) -> None:
    who = journey.customer
    body = {"email": who.email, "full_name": who.full_name, "company_name": who.company}
    journey.browser.post("/auth/signup", body)
    journey.browser.until(journey.verification_link, "The verification mail")


def _follow_the_link(journey: Journey) -> None:
    link = journey.browser.until(journey.verification_link, "The verification mail")
    token = parse_qs(urlsplit(link["link"]).query)["token"][0]
    journey.browser.post("/auth/verify", {"token": token, "password": journey.customer.password})


def _choose_a_plan(journey: Journey) -> None:
    journey.browser.post("/onboarding/plan", {"plan": "starter"})


def _connect_channels(journey: Journey) -> None:
    chosen = journey.browser.get("/onboarding")["chosen_niches"]
    journey.niches = [{"niche_id": niche_id} for niche_id in chosen]
    journey.connect_channels(_quiet)


def _ask_for_a_video(journey: Journey) -> None:
    channel = next(c for c in journey.browser.get("/channels")["channels"] if c["monetised"])
    asked = journey.browser.post("/videos/generate", {"channel_id": channel["channel_id"], "length_s": 60})

    def accepted() -> dict[str, object] | None:
        state = journey.browser.get("/onboarding")
        return dict(state) if state["completed"] else None

    assert asked["video_id"]
    journey.browser.until(accepted, "The end of the journey")


_ACTIONS: dict[str, Callable[[Journey], None]] = {
    "account_creation": _ask_for_an_account,
    "email_verification": _follow_the_link,
    "subscription_selection": _choose_a_plan,
    "payment_setup": lambda journey: journey.pay(_quiet),
    "niche_selection": lambda journey: journey.choose_niches(_quiet),
    "channel_connection": _connect_channels,
    "content_preferences": lambda journey: journey.save_preferences(_quiet),
    "first_video_generation": _ask_for_a_video,
}


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<10} {value}")
