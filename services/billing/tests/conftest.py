"""Billing on PostgreSQL against the Stripe stand-in, and the vendor's SDK to look at what is there."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from ytempire.billing.adapters.stripe_payments import StripePayments
from ytempire.billing.bootstrap import DEFINITION
from ytempire.chassis.testing import Bench

# Helper modules of these tests lie beside them; pytest's import mode leaves the folder off the path.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
async def billing(run_service: Any) -> AsyncIterator[Bench]:
    async with run_service(DEFINITION) as bench:
        yield bench


@pytest.fixture
def payments(outside: Any) -> StripePayments:
    return StripePayments(f"{outside.url}/stripe", "sk_test_sandbox", outside.addresses.ca)


@pytest.fixture
def api(outside: Any, payments: StripePayments) -> stripe.StripeClient:
    """The vendor's SDK, to look at what is there."""
    return stripe.StripeClient(
        "sk_test_sandbox",
        base_addresses={"api": f"{outside.url}/stripe"},
        http_client=stripe.RequestsClient(timeout=20),
    )
