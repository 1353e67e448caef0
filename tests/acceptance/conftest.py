"""One platform for all acceptance tests: every process real, on free ports, with a virtual clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ytempire.cli import detached
from ytempire.cli.journey.browser import Browser
from ytempire.cli.journey.steps import Journey
from ytempire.cli.plan import PlatformPlan, UpOptions
from ytempire.cli.running import plan_of
from ytempire.cli.state import PlatformState
from ytempire.cli.testing import temporary_var

REPOSITORY = Path(__file__).parents[2]
BRIEF = REPOSITORY / "examples/briefs/home-espresso.md"


@pytest.fixture(scope="session")
def platform() -> Iterator[PlatformState]:
    with temporary_var() as var:
        state = detached.start(UpOptions(var=var, port=0, clock="virtual", log_level="warning"))
        try:
            yield state
        finally:
            detached.stop(var)


@pytest.fixture(scope="session")
def plan(platform: PlatformState) -> PlatformPlan:
    return plan_of(platform)


@pytest.fixture
def browser(plan: PlatformPlan) -> Iterator[Browser]:
    opened = Browser(plan)
    yield opened
    opened.close()


def quiet(what: str, share: float) -> None:
    """Nobody watches the progress here."""


@pytest.fixture
def customer(browser: Browser, plan: PlatformPlan) -> Journey:
    """A new customer who is logged in and has done nothing else."""
    journey = Journey(browser, plan, BRIEF.read_text(encoding="utf-8"))
    journey.sign_up(quiet)
    return journey


@pytest.fixture
def subscriber(customer: Journey) -> Journey:
    """A customer with a plan, niches and two channels."""
    customer.subscribe(quiet)
    customer.choose_niches(quiet)
    customer.connect_channels(quiet)
    return customer
