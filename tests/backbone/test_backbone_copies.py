"""Two copies of a service, one of them killed or frozen under load: order stays, nothing is lost or done twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from tests.backbone.failover import struck

from ytempire.cli.testing import EmbeddedServers, embedded_servers


@pytest.fixture(scope="module")
def servers() -> Iterator[EmbeddedServers]:
    with embedded_servers() as running:
        yield running


async def test_rule_4_8_a_killed_copy_is_followed_in_order(servers: EmbeddedServers) -> None:
    gap = await struck(servers, signal.SIGKILL)
    assert (gap.out_of_order, gap.twice, gap.lost) == (0, 0, 0)


async def test_rule_4_8_a_frozen_copy_that_wakes_up_does_no_harm(servers: EmbeddedServers) -> None:
    gap = await struck(servers, signal.SIGSTOP, wake=True)
    assert (gap.out_of_order, gap.twice, gap.lost) == (0, 0, 0)
