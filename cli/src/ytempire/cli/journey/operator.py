"""A log-in for a platform that has none yet: an operator who signed up through the public door like anybody."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ytempire.cli.journey.browser import Browser
from ytempire.cli.journey.steps import Customer, Journey
from ytempire.cli.keys import random_password, write_private
from ytempire.cli.plan import PlatformPlan

_EMAIL = "operator@ytempire.example"


@dataclass(frozen=True, slots=True)
class LogIn:
    """What a person types on the first page."""

    email: str
    password: str


def ensure_operator(plan: PlatformPlan) -> LogIn:
    """The operator's log-in, remembered in `var/secrets`.

    On the first call the operator signs up, pays with the sandbox's card and connects two of its channels, so that a
    first video can be started at once.
    """
    kept = plan.secrets_dir / "operator.login"
    known = _read(kept)
    if known is not None:
        return known
    login = LogIn(_EMAIL, random_password())
    browser = Browser(plan)
    try:
        customer = Customer(login.email, login.password, "Operator", "YTEMPIRE")
        journey = Journey(browser, plan, customer=customer)
        journey.sign_up(_quietly)
        # kept at once: an address signs up only once, whatever becomes of the steps behind it
        write_private(kept, json.dumps(asdict(login)) + "\n")
        for step in (journey.subscribe, journey.choose_niches, journey.connect_channels, journey.save_preferences):
            step(_quietly)
    finally:
        browser.close()
    return login


def _quietly(what: str, share: float) -> None:
    """Nobody watches."""


def _read(path: Path) -> LogIn | None:
    try:
        return LogIn(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
