"""The backbone under faults, in its short form, and the systems that must fail."""

from __future__ import annotations

import random

import pytest
from tests.chaos.backbone import disk, faults
from tests.chaos.backbone.controls import CONTROLS, Control
from tests.chaos.backbone.faults import Fault, plan
from tests.chaos.backbone.load import drawn
from tests.chaos.backbone.running import Outcome, run_plan

EVENTS = 300


def test_a_plan_is_the_same_every_time_its_seed_is_given() -> None:
    assert plan(random.Random(7), 10, disk=True) == plan(random.Random(7), 10, disk=True)
    kinds = {fault.kind for seed in range(50) for fault in plan(random.Random(seed), 10, disk=True)}
    assert kinds == set(faults.KINDS)


async def test_rule_4_1_the_loss_of_the_bus_and_its_whole_directory_loses_nothing() -> None:
    kinds = ["lose_jetstream", "kill_postgres", *(["power_cut"] if disk.why_not() is None else [])]
    outcome = await run_plan(41, [Fault(kind, 0) for kind in kinds], drawn(random.Random(41), EVENTS))
    _kept(outcome)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name.replace(" ", "-"))
async def test_what_lacks_a_part_of_the_backbone_is_seen_to_fail(control: Control) -> None:
    if not control.possible:
        pytest.skip(f"no power cut: {disk.why_not()}")
    failures, said = await control.run()
    assert failures > 0, said


def _kept(outcome: Outcome) -> None:
    assert outcome.found.all == []
    assert outcome.events_acked >= EVENTS
