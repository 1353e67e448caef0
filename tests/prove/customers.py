"""`make prove AREA=customers`: what a paying stranger relies on, C1 to C10."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from typing import Any

from tests.prove.rows import REPOSITORY, Check, Row, calibration, finish, measured, stored, tree_hash

AREA = "customers"
HISTORIES = 10_000
STEPS = 8
YEAR_S = 30.0
_TRIES = 3
"""Times are the best of these."""


def _measured(module: str) -> Any:
    """What a module of ``tests.customers`` measures; one that is missing makes its row not met, with the reason."""
    return importlib.import_module(f"tests.customers.{module}").measure()


def _tests(*paths: str, **environment: str) -> tuple[int, int]:
    """How many tests passed and failed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *paths],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
    return counts.get("passed", 0), counts.get("failed", 0) + counts.get("error", 0) + (done.returncode > 1)


def _histories() -> tuple[str, bool]:
    passed, failed = _tests("services/billing/tests", YTEMPIRE_HISTORIES=str(HISTORIES))
    return f"{passed} specs and machines, {HISTORIES:,} histories each; {failed} failed", passed > 0 and not failed


def _webhooks() -> tuple[str, bool]:
    got = _measured("webhooks")
    return f"{got['permutations']} permutations, {got['differing']} differ", not got["differing"]


def _sign_ups() -> tuple[str, bool]:
    got = _measured("signups")
    accounts = f"{got['accounts']} accounts of {got['addresses']} addresses"
    figure = f"{accounts}, {got['answers']} kind of answer, p = {got['p']:.3f}, of all questions {got['p_all']:.3f}"
    alike = got["answers"] == 1 and min(got["p"], got["p_all"]) > 0.01
    return figure, got["accounts"] == got["addresses"] and alike


def _slots() -> tuple[str, bool]:
    got = _measured("slots")
    return f"{got['accepted']} accepted of {got['asked']}, {got['limit']} allowed", got["accepted"] == got["limit"]


def _year() -> tuple[str, bool]:
    """The time is the best of three at most; an amount that differs is wrong in whichever run."""
    seconds, differing = [], []
    while len(seconds) < _TRIES and (not seconds or min(seconds) >= YEAR_S):
        got = _measured("year")
        seconds.append(got["seconds"])
        differing += got["differing"]
    figure = f"{min(seconds):.0f} s, the best of {len(seconds)}, {differing} amounts differ"
    return figure, min(seconds) < YEAR_S and not differing


def _ledger() -> tuple[str, bool]:
    got = _measured("ledger")
    return f"difference {got['difference']}", not got["difference"]


def _resumed() -> tuple[str, bool]:
    got = _measured("resume")
    wrong = f"; {'; '.join(got['problems'])}" if got["problems"] else ""
    return f"{len(got['resumed'])} of {got['of']} steps{wrong}; {got['seconds']:.0f} s", len(got["resumed"]) == STEPS


def _forged() -> tuple[str, bool]:
    got = _measured("forged")
    genuine = f"{got['genuine']} of {got['of_genuine']} genuine ones between them"
    secrets = f"{got['secrets']} of {got['of_secrets']} secrets found"
    wrong = (got["events"], got["strange"], got["secrets"], got["of_genuine"] - got["genuine"])
    # places in which the search found what was put there: a search that finds nothing proves nothing
    return f"{got['sent']:,} sent, {got['events']} events, {genuine}, {secrets}", not any(wrong) and (
        len(got["planted"]) == got["places"]
    )


def _errors() -> tuple[str, bool]:
    passed, failed = _tests("tests/repo/test_errors_page.py")
    return f"{passed} checks of the page, {failed} failed", passed > 0 and not failed


def _niches() -> tuple[str, bool]:
    file = "services/onboarding/tests/test_onboarding_niches.py"
    (example, _), (sums, _), (users, _) = (
        _tests(f"{file}::{name}")
        for name in (
            "test_the_worked_example_reproduces",
            "test_the_points_of_every_niche_sum_to_its_score",
            "test_a_thousand_people_get_five_different_niches_and_the_same_ones_again",
        )
    )
    return f"{example} of 5 examples, {sums} of 83 sums, 1,000 users {'met' if users else 'NOT met'}", (
        example == 5 and sums == 83 and users == 1
    )


CHECKS: tuple[tuple[str, str, str, Check], ...] = (
    ("C2", "200 permutations of a month's webhooks", "same state and ledger", _webhooks),
    ("C3", "200 concurrent sign-ups, half the addresses equal", "one each, alike, p > 0.01", _sign_ups),
    ("C4", "100 concurrent requests at the edge of the slots", "exactly the limit", _slots),
    ("C5", "a year of one customer's life", "< 30 s, to the cent", _year),
    ("C6", "the ledger against Stripe's own", "difference 0", _ledger),
    ("C7", "left behind after each of the eight steps", f"{STEPS} of {STEPS}", _resumed),
    ("C8", "10,000 forged webhooks; secrets of the journey", "0 events, 0 found", _forged),
    ("C9", "every error in one table, with message and test", "all", _errors),
    ("C10", "the niche score", "example, sums, same and five different", _niches),
)
LONG_CHECKS: tuple[tuple[str, str, str, Check], ...] = (
    ("C1", "specs of every transition and random histories", f"{HISTORIES:,} each", _histories),
)


def main() -> None:
    tree, calibrated = tree_hash(), calibration()
    rows = [_long(check, tree) for check in LONG_CHECKS] + [measured(*check) for check in CHECKS]
    finish(AREA, tree, calibrated, sorted(rows, key=lambda row: int(row.id[1:])))


def _long(check: tuple[str, str, str, Check], tree: str) -> Row:
    """Run it if asked to, else the newest result of the same tree."""
    id_, line, target, _ = check
    if "--long" in sys.argv:
        return measured(*check)
    return stored(AREA, id_, tree) or Row(id_, line, "not run on this tree: LONG=1 runs it", target, False, 0.0)


if __name__ == "__main__":
    main()
