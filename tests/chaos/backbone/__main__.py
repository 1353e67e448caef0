"""`make chaos SEEDS="1 2 3"`: the backbone under faults drawn from seeds, checked from outside.

Beside the seeds run the controls: systems that lack one part of the backbone, and must be seen to fail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import traceback

# whoever starts NATS knows the events, for the rights to publish follow from them
import tests.chaos.backbone.reference  # noqa: F401 - defining them is what it is imported for
from tests.chaos.backbone import disk
from tests.chaos.backbone.controls import CONTROLS, Control
from tests.chaos.backbone.faults import Fault
from tests.chaos.backbone.load import drawn
from tests.chaos.backbone.running import Outcome, failed, run_plan, run_seed
from tests.prove.rows import RESULTS, tree_hash

from ytempire.eventstore import crash

DEFAULT_SEEDS = tuple(range(1, 21))
EVENTS, FAULTS = 5_000, 10
ALL_EVENTS, ALL_KILLS, ALL_DUPLICATES = 100_000, 50, 1_000
"""What the default seeds must come to together."""

_SHOWN, _FRAMES = 10, 6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("seeds", type=int, nargs="*", default=DEFAULT_SEEDS)
    arguments.add_argument("--events", type=int, default=EVENTS)
    arguments.add_argument("--faults", type=int, default=FAULTS)
    arguments.add_argument("--no-controls", action="store_true")
    arguments.add_argument("--lose-the-bus", action="store_true", help="only the loss of JetStream's directory")
    arguments.add_argument("--every-crash-point", action="store_true", help="only a crash at each named step")
    given = arguments.parse_args()
    if reason := disk.why_not():
        print(f"no power cuts and no full disk: {reason}", flush=True)
    if given.lose_the_bus:
        outcome = asyncio.run(_lose_the_bus(given.events))
        _print(outcome)
        sys.exit(1 if outcome.found.all or outcome.events_acked < given.events else 0)
    if given.every_crash_point:
        outcome = asyncio.run(_every_crash_point(given.events))
        _print(outcome)
        missed = set(crash.POINTS) - set(outcome.crashed)
        print(f"not reached: {', '.join(sorted(missed)) or 'none'}")
        sys.exit(1 if outcome.found.all or missed or outcome.events_acked < given.events else 0)
    controls = [] if given.no_controls else [_controlled(control) for control in CONTROLS]
    outcomes = []
    for seed in given.seeds:
        outcomes.append(_attempt(seed, given.events, given.faults))
        _print(outcomes[-1])
        _store(outcomes, controls)
    problems = _problems(outcomes, controls, given.events)
    _sum_up(outcomes, problems)
    sys.exit(1 if problems else 0)


def _attempt(seed: int, events: int, faults: int) -> Outcome:
    """One seed; what stops it is its own failure and does not keep the others from running."""
    try:
        return asyncio.run(run_seed(seed, events, faults))
    except Exception as error:
        traceback.print_exception(error, limit=-_FRAMES)
        return failed(seed, error)


def _problems(outcomes: list[Outcome], controls: list[dict[str, object]], events: int) -> list[str]:
    """Everything for which a run does not count: broken promises, too little fire, controls that prove nothing."""
    problems = [f"seed {o.seed} is broken" for o in outcomes if o.broken]
    problems += [f"seed {o.seed}: {lack}" for o in outcomes if not o.error and (lack := o.short_of(events))]
    if len(outcomes) >= len(DEFAULT_SEEDS):
        totals = (
            (sum(o.events_acked for o in outcomes), ALL_EVENTS, "events acknowledged"),
            (sum(o.kills for o in outcomes), ALL_KILLS, "kills"),
            (sum(o.duplicates_delivered for o in outcomes), ALL_DUPLICATES, "duplicates delivered"),
        )
        problems += [f"{there} {what} in all, {least} wanted" for there, least, what in totals if there < least]
    return problems + [f"control {c['name']}: {c['found']}" for c in controls if not c["failed_as_it_must"]]


async def _lose_the_bus(events: int) -> Outcome:
    """JetStream's whole directory, then PostgreSQL's postmaster, then the power where that can be cut."""
    kinds = ["lose_jetstream", "kill_postgres", *(["power_cut"] if disk.why_not() is None else [])]
    return await run_plan(41, [Fault(kind, 0) for kind in kinds], drawn(random.Random(41), events))


async def _every_crash_point(events: int) -> Outcome:
    """A process ends at each named step, one after the other, while the load goes on."""
    faults = [Fault("crash_point", choice) for choice in range(len(crash.POINTS))]
    return await run_plan(45, faults, drawn(random.Random(45), events))


def _controlled(control: Control) -> dict[str, object]:
    if not control.possible:
        # a run without it must ask for that: --no-controls
        failures, said = 0, f"cannot run here: {disk.why_not()}"
    else:
        failures, said = asyncio.run(control.run())
    verdict = "fails as it must" if failures else "DOES NOT FAIL"
    print(f"control {control.name}: {said}: {verdict}", flush=True)
    return {"name": control.name, "failed_as_it_must": bool(failures), "found": said}


def _print(outcome: Outcome) -> None:
    found = outcome.found
    if outcome.error:
        print(f"seed {outcome.seed}: ended before its verdict: {outcome.error.splitlines()[0]}", flush=True)
        return
    verdict = "every promise kept" if not found.all else "BROKEN"
    print(
        f"seed {outcome.seed}: {outcome.events_acked} events acknowledged, {outcome.kills} kills,"
        f" {outcome.duplicates_delivered} duplicates delivered; lost {len(found.lost)}, twice {len(found.twice)},"
        f" misordered {len(found.misordered)}, rebuild {'equal' if not found.rebuild else 'DIFFERENT'},"
        f" other {len(found.other)}; {outcome.seconds:.0f} s: {verdict}\n  faults: {', '.join(outcome.faults)};"
        f" crashed at {', '.join(outcome.crashed) or 'none'}",
        flush=True,
    )
    for problem in found.all[:_SHOWN]:
        print(f"  {problem}", flush=True)


def _store(outcomes: list[Outcome], controls: list[dict[str, object]]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"tree": tree_hash(), "seeds": [o.row() for o in outcomes], "controls": controls}
    (RESULTS / "chaos.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _sum_up(outcomes: list[Outcome], problems: list[str]) -> None:
    acked, kills = sum(o.events_acked for o in outcomes), sum(o.kills for o in outcomes)
    duplicates = sum(o.duplicates_delivered for o in outcomes)
    verdict = "; ".join(problems) or "every promise kept"
    print(f"{len(outcomes)} seeds: {acked} events acknowledged, {kills} kills, {duplicates} duplicates: {verdict}")


if __name__ == "__main__":
    main()
