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
    """The operator's log-in; signs the operator up on the first call and remembers it in `var/secrets`."""
    kept = plan.secrets_dir / "operator.login"
    known = _read(kept)
    if known is not None:
        return known
    login = LogIn(_EMAIL, random_password())
    browser = Browser(plan)
    try:
        customer = Customer(login.email, login.password, "Operator", "YTEMPIRE")
        Journey(browser, plan, customer=customer).sign_up(lambda what, share: None)
    finally:
        browser.close()
    write_private(kept, json.dumps(asdict(login)) + "\n")
    return login


def _read(path: Path) -> LogIn | None:
    try:
        return LogIn(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
