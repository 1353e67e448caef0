"""`make prove AREA=journey`: the main job's promises, J1 to J14."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from tests.acceptance.crowd import run_crowd
from tests.prove.clones import both_as_another_user, demo_in_clone, tests_in_clone
from tests.prove.rows import REPOSITORY, Row, calibration, finish, measured, stored, tree_hash

from ytempire.cli import detached
from ytempire.cli.commands.demo import walk
from ytempire.cli.commands.status import live_memory
from ytempire.cli.plan import UpOptions
from ytempire.cli.running import plan_of, running_state
from ytempire.cli.stores import projections_of
from ytempire.cli.testing import temporary_var

AREA = "journey"
BRIEF = REPOSITORY / "examples/briefs/home-espresso.md"
JOURNEY_S, START_S, IDLE_MB, USERS, SUCCESS = 90.0, 15.0, 1200.0, 50, 0.95
FIVE = ("UserCreated", "PlanSelected", "VideoRequested", "VideoRendered", "RevenueRecorded")
TRIES = 3


class Measurements:
    """Journeys on one platform: two on the same `var`, with a restart in between; the best of three for limits."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.summaries: list[dict[str, Any]] = []
        self.starts: list[float] = []
        self.idle_mb = 0.0
        self.crowd_rate = 0.0
        self.crowd_failures: dict[str, int] = {}

    def run(self) -> None:
        text = BRIEF.read_text(encoding="utf-8")
        for attempt in range(TRIES):
            state = detached.start(UpOptions(var=self.var, port=0, clock="virtual", log_level="warning"))
            if attempt:
                # the first start also makes the databases
                self.starts.append(float(state["start_seconds"]))
            self.idle_mb = self.idle_mb or sum(live_memory(state).values())
            try:
                self.summaries.append(walk(self.var, text, Console()))
                if attempt == TRIES - 1:
                    crowd = run_crowd(plan_of(running_state(self.var)), USERS)
                    self.crowd_rate, self.crowd_failures = crowd.success_rate, crowd.failures
            finally:
                detached.stop(self.var)

    @property
    def best(self) -> float:
        return min(sum(s["seconds"].values()) for s in self.summaries)


def rows(got: Measurements) -> list[Row]:
    last = got.summaries[-1] if got.summaries else {}
    return [
        measured("J4", "the journey after set-up, s", f"<= {JOURNEY_S:g}", lambda: _most(got.best, JOURNEY_S)),
        measured("J5", "start of the platform, s", f"<= {START_S:g}", lambda: _most(min(got.starts), START_S)),
        measured("J6", "idle, MB PSS in all", f"<= {IDLE_MB:g}", lambda: _most(got.idle_mb, IDLE_MB)),
        measured("J8", "the journey again on one var", "2 verified", lambda: _again(got)),
        measured("J9", "another user's token on every route", "all 404", _isolation),
        measured("J10", f"{USERS} users at once, success", f">= {SUCCESS:.0%}", lambda: _crowd(got)),
        measured("J11", "cost - (bill + compute), USD", "0", lambda: _cost(last)),
        measured("J12", "the five events in the stores", "5 of 5", lambda: _five(last)),
        measured("J13", "read models rebuilt equal", "all", lambda: _rebuilt(last)),
        measured("J14", "contact sheet of the video, to be looked at", "made", lambda: _sheet(got.var)),
    ]


def _most(figure: float, limit: float) -> tuple[str, bool]:
    return f"{figure:.1f}", figure <= limit


def _again(got: Measurements) -> tuple[str, bool]:
    good = sum(s["publication"]["verified"] and s["audit"]["ok"] and s["rebuild"]["ok"] for s in got.summaries)
    return f"{good} of {len(got.summaries)} verified", good >= 2 and good == len(got.summaries)


def _isolation() -> tuple[str, bool]:
    tests = "services/gateway/tests/test_gateway_isolation.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", tests], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    return done.stdout.strip().splitlines()[-1], done.returncode == 0


def _crowd(got: Measurements) -> tuple[str, bool]:
    why = f" {got.crowd_failures}" if got.crowd_failures else ""
    return f"{got.crowd_rate:.0%}{why}"[:200], got.crowd_rate >= SUCCESS


def _cost(summary: dict[str, Any]) -> tuple[str, bool]:
    video = summary["video"]
    cost, bill, compute = (Decimal(video[k]) for k in ("cost_usd", "sandbox_bill_usd", "compute_usd"))
    return f"{cost} - ({bill} + {compute}) = {cost - bill - compute}", cost == bill + compute and bill > 0


def _five(summary: dict[str, Any]) -> tuple[str, bool]:
    there = [name for name in FIVE if summary["events"].get(name)]
    return f"{len(there)} of 5", len(there) == len(FIVE)


def _rebuilt(summary: dict[str, Any]) -> tuple[str, bool]:
    done = {p["name"] for p in summary["rebuild"]["projections"] if p["equal"]}
    services = ("gateway", "onboarding", "billing", "media", "publisher", "analytics", "support")
    defined = {f"{service}.{p.name}" for service in services for p in projections_of(service)}
    return f"{len(done)} of {len(defined)}", done == defined


def _sheet(var: Path) -> tuple[str, bool]:
    from ytempire.media.studio.contact import contact_sheet

    target = REPOSITORY / "var" / "prove" / "contact.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    frames = contact_sheet(var / "video.mp4", target)
    return f"{frames} frames in {target.relative_to(REPOSITORY)}", frames > 0


def long_rows(tree: str, *, run: bool) -> list[Row]:
    """The rows that take long: run, or the newest result of the same tree."""
    checks = (
        ("J1", "fresh clone: make demo", "exit 0", demo_in_clone),
        ("J2", "fresh clone: make test", "exit 0", tests_in_clone),
        ("J3", "both as another user in a path with a space", "exit 0, modes unchanged", both_as_another_user),
        ("J7", "ten journeys with kill -9", "same summary, once each", _chaos),
    )
    found = []
    for id_, line, target, check in checks:
        if run:
            found.append(measured(id_, line, target, check))
        else:
            found.append(stored(AREA, id_, tree) or Row(id_, line, "not run on this tree", target, False, 0.0))
    return found


def _chaos() -> tuple[str, bool]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.journeys"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    lines = done.stdout.strip().splitlines() or [done.stderr[-200:]]
    return lines[-1], done.returncode == 0


def main() -> None:
    tree, calibrated = tree_hash(), calibration()
    slow = long_rows(tree, run="--long" in sys.argv)
    with temporary_var() as var:
        got = Measurements(var)
        try:
            got.run()
        except Exception as error:
            # rows that could not be measured say so themselves
            print(f"a journey ended early: {type(error).__name__}: {error}", file=sys.stderr)
        fast = rows(got)
    order = {f"J{n}": n for n in range(1, 15)}
    finish(AREA, tree, calibrated, sorted([*slow, *fast], key=lambda row: order[row.id]))


if __name__ == "__main__":
    main()
