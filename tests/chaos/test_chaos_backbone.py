"""The backbone under faults, in its short form, and the systems that must fail."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.chaos.backbone import disk, faults
from tests.chaos.backbone.controls import CONTROLS, Control
from tests.chaos.backbone.faults import plan


def test_a_plan_is_the_same_every_time_its_seed_is_given() -> None:
    assert plan(random.Random(7), 10, disk=True) == plan(random.Random(7), 10, disk=True)
    kinds = {fault.kind for seed in range(50) for fault in plan(random.Random(seed), 10, disk=True)}
    assert kinds == set(faults.KINDS)


def test_rule_4_1_the_loss_of_the_bus_and_its_whole_directory_loses_nothing() -> None:
    _kept("--lose-the-bus", "--events", "300")


def test_rule_4_5_a_crash_at_every_named_step_loses_and_repeats_nothing() -> None:
    """Given a system under load, when a process ends at each of the 14 steps in turn, then every promise is kept."""
    _kept("--every-crash-point", "--events", "1400")


def test_a_drawn_seed_keeps_every_promise() -> None:
    """The short form of `make chaos`: two crashes, a kill and duplicates under load."""
    _kept("3", "--events", "600", "--faults", "4", "--no-controls")


def _kept(*arguments: str) -> None:
    # a process of its own: the reference system's events are no part of the product's language
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.backbone", *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name.replace(" ", "-"))
async def test_what_lacks_a_part_of_the_backbone_is_seen_to_fail(control: Control) -> None:
    if not control.possible:
        pytest.skip(f"no power cut: {disk.why_not()}")
    failures, said = await control.run()
    assert failures > 0, said
