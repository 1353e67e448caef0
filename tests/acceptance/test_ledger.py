"""The operator sees where every cent at Stripe stands."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.acceptance.conftest import quiet
from tests.customers import books
from typer.testing import CliRunner, Result

from ytempire.cli.journey.steps import Journey
from ytempire.cli.main import app
from ytempire.cli.plan import PlatformPlan
from ytempire.cli.timekeeper import Timekeeper

pytestmark = pytest.mark.timeout(600)


def run(plan: PlatformPlan, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["ledger", *arguments, "--var", str(plan.var)], env={"COLUMNS": "200"})


def test_the_operator_sees_the_trial_balance_and_that_every_day_agrees(customer: Journey, plan: PlatformPlan) -> None:
    customer.subscribe(quiet)
    clock = Timekeeper(plan)
    # past the end of a trial, if there is one, and the morning after its charge
    clock.advance(timedelta(days=9), lambda at, share: None)
    clock.settle(0)
    told = run(plan)
    assert told.exit_code == 0, told.output
    assert "All agree." in told.output
    for account in ("stripe_balance", "fees", "revenue"):
        assert account in told.output
    assert "suspense" not in told.output
    invoices = customer.browser.get("/billing")["invoices"]
    (paid,) = (i for i in invoices if i["status"] == "paid" and i["net"]["amount"] != "0.00")
    user_id = customer.browser.get("/me")["user_id"]
    mine = run(plan, "--user", user_id)
    assert mine.exit_code == 0, mine.output
    assert f"{paid['net']['amount']}" in mine.output
    assert mine.output.count(user_id) == 1


def test_the_platform_s_ledger_is_the_provider_s(customer: Journey, plan: PlatformPlan) -> None:
    customer.subscribe(quiet)
    Timekeeper(plan).settle(0)
    assert asyncio.run(books.judged(plan))["difference"] == 0
