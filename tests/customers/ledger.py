"""The ledger against the payment provider's own books after a year and after shuffled notices: ``measure()``."""

from __future__ import annotations

from typing import Any

from tests.customers import webhooks, year

PERMUTATIONS = 40


def measure(permutations: int = PERMUTATIONS) -> dict[str, Any]:
    """The sum of what differs, category by category, in micro-units.

    Returns: difference, entries (posted in both), days (compared by billing itself in the year), problems.
    """
    lived, shuffled = year.measure()["ledger"], webhooks.measure(permutations)
    problems = [f"{lived['days_differing']} days differ"] if lived["days_differing"] else []
    if lived["missed"]:
        problems.append(f"{lived['missed']} movements that no notice told")
    return {
        "difference": lived["difference"] + shuffled["difference"] + len(problems),
        "entries": lived["entries"] + shuffled["entries"],
        "days": lived["days"],
        "problems": problems + shuffled["problems"],
    }


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<10} {value}")
