"""Fifty users at the same time through the gateway (guide 4.2): at least 95 % succeed."""

from __future__ import annotations

import pytest
from tests.acceptance.crowd import run_crowd

from ytempire.cli.plan import PlatformPlan

pytestmark = pytest.mark.timeout(600)


def test_fifty_users_at_once(plan: PlatformPlan) -> None:
    crowd = run_crowd(plan, 50)
    assert crowd.success_rate >= 0.95, crowd.failures
