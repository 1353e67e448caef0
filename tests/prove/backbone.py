"""`make prove AREA=backbone`: the event backbone's promises, B1 to B10."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.prove.rows import REPOSITORY, RESULTS, Check, Row, calibration, finish, measured, stored, tree_hash

AREA = "backbone"
SEEDS, EVENTS, EVENTS_A_SEED, KILLS, KILLS_A_SEED, DUPLICATES = 20, 100_000, 5000, 50, 2, 1000
CONTROLS = 4
FAILOVER_S, LEASE_S, TWO_COPIES = 1.0, 3.0, 1.5
MILLION, PSS_MB = 1_000_000, 400.0
TIMERS, TIMER_KILLS, TIMERS_S = 10_000, 3, 20.0
CONTRACT_S = 20.0
ERASURE_HARM = ("plaintext", "readable", "unreadable", "revived", "live", "differing", "findings")
RULES = 15

# What measures a row is imported where it is called: a part that is missing is a row that is not met, with the reason.


def _bench() -> tuple[str, bool]:
    """Every row of the suite, measured now."""
    done = subprocess.run([sys.executable, "-m", "bench", AREA], cwd=REPOSITORY, check=False)
    rows = json.loads((RESULTS / f"{AREA}.json").read_text())["rows"]
    missed = [f"{row['name']} {row['ratio']}" for row in rows if not row["met"]]
    text = f"{len(rows) - len(missed)} of {len(rows)} rows"
    return text + (f"; missed: {'; '.join(missed)}" if missed else ""), done.returncode == 0 and not missed


def _chaos() -> tuple[str, bool]:
    _run_chaos(f"SEEDS={' '.join(map(str, range(1, SEEDS + 1)))}")
    return _chaos_seeds(_chaos_result())


def _run_chaos(*variables: str) -> None:
    # its own verdict is in its result, which is judged here
    subprocess.run(["make", "chaos", *variables], cwd=REPOSITORY, check=False)


def _chaos_result() -> dict[str, Any]:
    """What `make chaos` found on this tree.

    :raises LookupError: if it did not run on it.
    """
    file = RESULTS / "chaos.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    if found.get("tree") != tree_hash():
        raise LookupError("`make chaos` did not run on this tree")
    return found


def _chaos_seeds(result: Mapping[str, Any]) -> tuple[str, bool]:
    seeds = result["seeds"]
    acked, kills, duplicates, lost, twice, misordered = (
        sum(seed[key] for seed in seeds)
        for key in ("events_acked", "kills", "duplicates_delivered", "lost", "twice", "misordered")
    )
    equal = sum(bool(seed["rebuild_equal"]) for seed in seeds)
    enough = (
        len(seeds) >= SEEDS
        and acked >= EVENTS
        and kills >= KILLS
        and duplicates >= DUPLICATES
        and all(seed["events_acked"] >= EVENTS_A_SEED and seed["kills"] >= KILLS_A_SEED for seed in seeds)
    )
    figure = (
        f"{len(seeds)} seeds, {acked:,} acknowledged, {kills} kills, {duplicates:,} duplicates;"
        f" lost {lost}, twice {twice}, misordered {misordered}, {equal} rebuilds equal"
    )
    return figure, enough and lost == twice == misordered == 0 and equal == len(seeds)


def _controls() -> tuple[str, bool]:
    try:
        controls = _chaos_result()["controls"]
    except LookupError:
        _run_chaos()
        controls = _chaos_result()["controls"]
    failed = [control["name"] for control in controls if control["failed_as_it_must"]]
    return f"{', '.join(failed) or 'none'} failed", len(failed) == len(controls) >= CONTROLS


def _failover() -> tuple[str, bool]:
    from tests.backbone.failover import measure

    got = measure()
    figure = (
        f"killed {got['kill_gap_s']:.2f} s, frozen {got['freeze_gap_s']:.2f} s, out of order {got['out_of_order']:.0f},"
        f" two copies {got['two_copies_ratio']:.2f}x"
    )
    met = (
        got["kill_gap_s"] < FAILOVER_S
        and got["freeze_gap_s"] <= LEASE_S + 1
        and got["out_of_order"] == 0
        and got["two_copies_ratio"] >= TWO_COPIES
    )
    return figure, met


def _million() -> tuple[str, bool]:
    from tests.backbone.million import measure

    got = measure(MILLION)
    figure = (
        f"{got['events']:,} events, {got['findings']} findings:"
        f" rebuild {got['rebuild_s']:.0f} s, audit {got['audit_s']:.0f} s, {got['pss_mb']:.0f} MB PSS"
    )
    return figure, got["pss_mb"] < PSS_MB and got["events"] >= MILLION and got["findings"] == 0


def _tampering() -> tuple[str, bool]:
    from tests.backbone.tampering import measure

    found = measure()
    missed = [case for case, finding in found.items() if not finding]
    return f"{len(found) - len(missed)} of {len(found)} found; missed: {missed or 'none'}"[:200], not missed


def _timers() -> tuple[str, bool]:
    from tests.backbone.timers import measure

    calm, killed = measure(TIMERS, 0), measure(TIMERS, TIMER_KILLS)
    whole = all(
        got["fired"] == got["set"]
        and not any(got[harm] for harm in ("missing", "twice", "misordered", "mistimed", "findings"))
        for got in (calm, killed)
    )
    figure = (
        f"{calm['fired']:,} in {calm['seconds']:.1f} s; with {killed['kills']} kills {killed['fired']:,}"
        f" in {killed['seconds']:.1f} s; {'each once, in order' if whole else 'NOT each once, in order'}"
    )
    return figure, whole and calm["seconds"] < TIMERS_S and killed["kills"] > 0


def _breaking() -> tuple[str, bool]:
    from tests.backbone.breaking import measure

    got = measure()
    return f"named {got['named']} after {got['seconds']:.1f} s", bool(got["named"]) and got["seconds"] < CONTRACT_S


def _erasure() -> tuple[str, bool]:
    from tests.backbone.erasure import measure

    got = measure()
    # a search that does not even find what is there proves nothing
    seen = {"search": all(got["controls"].values()), "replay": got["replayed"] > 0, "sums": got["aggregates_equal"]}
    harm = [name for name in ERASURE_HARM if got[name]] + [name for name, right in seen.items() if not right]
    figure = (
        f"{got['erased']} of {got['members']} erased, {got['replayed']} events replayed; wrong: {harm or 'nothing'}"
    )
    return figure, not harm and bool(got["aggregates_equal"])


def _rules() -> tuple[str, bool]:
    """A row in rules.md that leads to a page, and a test that carries the rule's number."""
    page = (REPOSITORY / "docs/architecture/rules.md").read_text(encoding="utf-8")
    numbers = range(1, RULES + 1)
    without_page = [n for n in numbers if not any(f"4.{n} " in line and ".md" in line for line in page.splitlines())]
    tests = "\n".join(path.read_text(encoding="utf-8") for path in _test_files())
    without_test = [n for n in numbers if f"rule_4_{n}_" not in tests]
    figure = f"without page: {without_page or 'none'}, without test: {without_test or 'none'}"
    return figure, not without_page and not without_test


def _test_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*/test_*.py"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return [REPOSITORY / name for name in listed.stdout.splitlines()]


CHECKS: tuple[tuple[str, str, str, Check], ...] = (
    ("B1", "bench rows that meet their targets", "all", _bench),
    ("B3", "controls fail as they must", f"{CONTROLS} of {CONTROLS}", _controls),
    (
        "B4",
        "ordered work fails over; two copies",
        f"< {FAILOVER_S:g} s, <= lease + 1 s, 0, >= {TWO_COPIES}x",
        _failover,
    ),
    ("B6", "tampering, each found and named", "all", _tampering),
    ("B7", f"{TIMERS:,} timers over a virtual year, also with kills", f"< {TIMERS_S:g} s, each once", _timers),
    ("B8", "a consumer's broken field, named", f"< {CONTRACT_S:g} s", _breaking),
    ("B9", "erasure on the reference service", "replay, no plaintext, equal", _erasure),
    ("B10", "rules with a page and a test", f"{RULES} of {RULES}", _rules),
)
LONG_CHECKS: tuple[tuple[str, str, str, Check], ...] = (
    ("B2", f"chaos over {SEEDS} seeds", "lost 0, twice 0, misordered 0, rebuilds equal", _chaos),
    ("B5", f"{MILLION:,} events: rebuild and audit", f"< {PSS_MB:g} MB PSS", _million),
)


def long_rows(tree: str, *, run: bool) -> list[Row]:
    """The rows that take long: run, or the newest result of the same tree."""
    if run:
        return [measured(*check) for check in LONG_CHECKS]
    known = {id_: stored(AREA, id_, tree) for id_, *_ in LONG_CHECKS}
    return [known[id_] or _on_this_tree(id_, line, target) for id_, line, target, _ in LONG_CHECKS]


def _on_this_tree(id_: str, line: str, target: str) -> Row:
    """Chaos leaves a result of its own; anything else was not run."""
    if id_ == "B2":
        return measured(id_, line, target, lambda: _chaos_seeds(_chaos_result()))
    return Row(id_, line, "not run on this tree: LONG=1 runs it", target, False, 0.0)


def main() -> None:
    tree, calibrated = tree_hash(), calibration()
    rows = [*long_rows(tree, run="--long" in sys.argv), *(measured(*check) for check in CHECKS)]
    finish(AREA, tree, calibrated, sorted(rows, key=lambda row: int(row.id[1:])))


if __name__ == "__main__":
    main()
